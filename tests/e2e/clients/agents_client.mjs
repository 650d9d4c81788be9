// OpenAI's Agents SDK.

import { Agent, OpenAIProvider, Runner } from "@openai/agents";
import { z } from "zod";

import { joined, serve } from "./serve.mjs";

const Place = z.object({ where: z.string() });

await serve(async ({ at, key, api, how, model, text }) => {
  const modelProvider = new OpenAIProvider({ baseURL: `${at}/v1`, apiKey: key, useResponses: api === "responses" });
  // Traces would go to OpenAI.
  const runner = new Runner({ modelProvider, tracingDisabled: true });
  if (how === "parsed") {
    const agent = new Agent({ name: "Answers", model, outputType: Place });
    return (await runner.run(agent, text)).finalOutput.where;
  }
  const agent = new Agent({ name: "Answers", model });
  if (how === "whole") return (await runner.run(agent, text)).finalOutput;
  const streamed = await runner.run(agent, text, { stream: true });
  const said = await joined(streamed.toTextStream());
  await streamed.completed;
  return said;
});
