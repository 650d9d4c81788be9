"""LangChain's chat models for OpenAI and for Azure."""

from langchain_openai import AzureChatOpenAI, ChatOpenAI
from pydantic import BaseModel

from serve import serve


class Place(BaseModel):
    where: str


def answer(client, at, key, api, how, model, text):
    by = {"api_key": key, "use_responses_api": api == "responses"}
    if client == "azure":
        chat = AzureChatOpenAI(azure_endpoint=at, api_version="2024-10-21", azure_deployment=model, **by)
    else:
        chat = ChatOpenAI(base_url=f"{at}/v1", model=model, **by)
    if how == "whole":
        return chat.invoke(text).text
    if how == "parsed":
        return chat.with_structured_output(Place).invoke(text).where
    return "".join(chunk.text for chunk in chat.stream(text))


serve(answer)
