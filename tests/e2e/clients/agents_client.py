"""OpenAI's Agents SDK."""

import asyncio

from agents import Agent, OpenAIProvider, RunConfig, Runner
from pydantic import BaseModel

from serve import serve


class Place(BaseModel):
    where: str


async def ask(at, key, api, how, model, text):
    provider = OpenAIProvider(base_url=f"{at}/v1", api_key=key, use_responses=api == "responses")
    # Traces would go to OpenAI.
    config = RunConfig(model_provider=provider, tracing_disabled=True)
    if how == "parsed":
        agent = Agent(name="Answers", model=model, output_type=Place)
        return (await Runner.run(agent, text, run_config=config)).final_output.where
    agent = Agent(name="Answers", model=model)
    if how == "whole":
        return (await Runner.run(agent, text, run_config=config)).final_output
    streamed = Runner.run_streamed(agent, text, run_config=config)
    async for _ in streamed.stream_events():
        pass
    return streamed.final_output


# One loop for all: the SDK keeps its connections.
with asyncio.Runner() as runner:
    serve(lambda client, **question: runner.run(ask(**question)))
