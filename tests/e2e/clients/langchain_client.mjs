// LangChain's chat models for OpenAI and for Azure.

import { AzureChatOpenAI, ChatOpenAI } from "@langchain/openai";

import { z } from "zod";

import { serve } from "./serve.mjs";

const Place = z.object({ where: z.string() });

const MODELS = {
  openai: ({ at, key, model, api }) =>
    new ChatOpenAI({ model, apiKey: key, configuration: { baseURL: `${at}/v1` }, useResponsesApi: api === "responses" }),
  // Without the model it would take the deployment for one of gpt-3.5-turbo, which cannot do what others can.
  azure: ({ at, key, model }) =>
    new AzureChatOpenAI({
      model, azureOpenAIEndpoint: at, azureOpenAIApiKey: key, azureOpenAIApiVersion: "2024-10-21", azureOpenAIApiDeploymentName: model,
    }),
};

await serve(async (question) => {
  const chat = MODELS[question.client](question);
  if (question.how === "whole") return (await chat.invoke(question.text)).text;
  if (question.how === "parsed") return (await chat.withStructuredOutput(Place).invoke(question.text)).where;
  let text = "";
  for await (const chunk of await chat.stream(question.text)) text += chunk.text;
  return text;
});
