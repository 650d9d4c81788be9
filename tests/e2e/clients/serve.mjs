// Answers questions as they come: a JSON object a line on the standard input, one a line on the standard output.

import { createInterface } from "node:readline";

export async function serve(answer) {
  for await (const line of createInterface({ input: process.stdin })) {
    const question = JSON.parse(line);
    const told = await answer(question).then((text) => ({ text }), (error) => ({ error: seen(error) }));
    process.stdout.write(`${JSON.stringify(told)}\n`);
  }
}

export async function joined(pieces) {
  let text = "";
  for await (const piece of pieces) text += piece ?? "";
  return text;
}

// What a program sees of an error: every SDK has words of its own for it. `kinds` is its class and those above it.
function seen(error) {
  const body = error.error ?? error.data?.error ?? {};
  const kinds = [];
  for (let kind = error.constructor; kind?.name; kind = Object.getPrototypeOf(kind)) kinds.push(kind.name);
  return {
    kinds,
    status: error.status ?? error.statusCode ?? null,
    code: body.code ?? error.code ?? null,
    message: error.message,
  };
}
