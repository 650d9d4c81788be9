"""OpenAI's own package, with its client for OpenAI and its client for Azure."""

from openai import AzureOpenAI, OpenAI
from pydantic import BaseModel

from serve import serve


class Place(BaseModel):
    where: str


CLIENTS = {
    "openai": lambda at, key: OpenAI(base_url=f"{at}/v1", api_key=key),
    "azure": lambda at, key: AzureOpenAI(azure_endpoint=at, api_version="2024-10-21", api_key=key),
}


def chat(client, how, model, text):
    completions, asked = client.chat.completions, {"model": model, "messages": [{"role": "user", "content": text}]}
    if how == "whole":
        return completions.create(**asked).choices[0].message.content
    if how == "stream":
        chunks = completions.create(**asked, stream=True)
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    if how == "parsed":
        return completions.parse(**asked, response_format=Place).choices[0].message.parsed.where
    with completions.stream(**asked) as stream:
        return stream.get_final_completion().choices[0].message.content


def responses(client, how, model, text):
    asked = {"model": model, "input": text}
    if how == "whole":
        return client.responses.create(**asked).output_text
    if how == "stream":
        events = client.responses.create(**asked, stream=True)
        return "".join(event.delta for event in events if event.type == "response.output_text.delta")
    if how == "parsed":
        return client.responses.parse(**asked, text_format=Place).output_parsed.where
    with client.responses.stream(**asked) as stream:
        return stream.get_final_response().output_text


def models(client, *_):
    return "".join(f"{model.id} " for model in client.models.list())


def answer(client, at, key, api, how, model, text):
    with CLIENTS[client](at, key) as made:
        return {"chat": chat, "responses": responses, "models": models}[api](made, how, model, text)


serve(answer)
