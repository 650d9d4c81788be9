// The official package's helper reads a stream of a chat completion, which the question holds.

import OpenAI from "openai";

import { serve } from "./serve.mjs";

await serve(async ({ stream }) => {
  const respond = async () => new Response(stream, { headers: { "content-type": "text/event-stream" } });
  const client = new OpenAI({ apiKey: "none", maxRetries: 0, fetch: respond });
  const messages = [{ role: "user", content: "Hi" }];
  const completion = await client.chat.completions.stream({ model: "m", messages }).finalChatCompletion();
  return completion.choices[0];
});
