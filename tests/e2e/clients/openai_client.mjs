// OpenAI's own package, with its client for OpenAI and its client for Azure.

import OpenAI, { AzureOpenAI } from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

import { joined, serve } from "./serve.mjs";

const Place = z.object({ where: z.string() });

const CLIENTS = {
  openai: (at, apiKey) => new OpenAI({ baseURL: `${at}/v1`, apiKey }),
  azure: (at, apiKey) => new AzureOpenAI({ endpoint: at, apiVersion: "2024-10-21", apiKey }),
};

const ASK = {
  chat: {
    async whole(client, question) {
      const completion = await client.chat.completions.create(question);
      return completion.choices[0].message.content;
    },
    async stream(client, question) {
      const chunks = await client.chat.completions.create({ ...question, stream: true });
      return joined(map(chunks, (chunk) => chunk.choices[0]?.delta.content));
    },
    async helper(client, question) {
      return client.chat.completions.stream(question).finalContent();
    },
    async parsed(client, question) {
      const completion = await client.chat.completions.parse({ ...question, response_format: zodResponseFormat(Place, "place") });
      return completion.choices[0].message.parsed.where;
    },
  },
  responses: {
    async whole(client, question) {
      return (await client.responses.create(question)).output_text;
    },
    async stream(client, question) {
      const events = await client.responses.create({ ...question, stream: true });
      return joined(map(events, (event) => (event.type === "response.output_text.delta" ? event.delta : "")));
    },
    async helper(client, question) {
      return (await client.responses.stream(question).finalResponse()).output_text;
    },
    async parsed(client, question) {
      const response = await client.responses.parse({ ...question, text: { format: zodTextFormat(Place, "place") } });
      return response.output_parsed.where;
    },
  },
  models: {
    async whole(client) {
      return joined(map(client.models.list(), (model) => `${model.id} `));
    },
  },
};

await serve(async ({ client, at, key, api, how, model, text }) => {
  const asked = api === "chat" ? { messages: [{ role: "user", content: text }] } : { input: text };
  return ASK[api][how](CLIENTS[client](at, key), { model, ...asked });
});

async function* map(items, each) {
  for await (const item of items) yield each(item);
}
