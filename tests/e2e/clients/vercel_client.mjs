// Vercel's AI SDK with its provider for OpenAI.

import { createOpenAI } from "@ai-sdk/openai";
import { generateText, Output, streamText } from "ai";
import { z } from "zod";

import { joined, serve } from "./serve.mjs";

const Place = z.object({ where: z.string() });

await serve(async ({ at, key, api, how, model, text }) => {
  const provider = createOpenAI({ baseURL: `${at}/v1`, apiKey: key });
  const asked = { model: api === "chat" ? provider.chat(model) : provider.responses(model), prompt: text };
  if (how === "whole") return (await generateText(asked)).text;
  if (how === "parsed") return (await generateText({ ...asked, output: Output.object({ schema: Place }) })).output.where;
  let failed;
  const streamed = streamText({ ...asked, onError: ({ error }) => { failed = error; } });
  const said = await joined(streamed.textStream);
  if (failed) throw failed;
  return said;
});
