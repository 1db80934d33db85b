// The AI SDK and its provider for OpenAI-compatible servers on ragd.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, embed, embedMany, generateText, jsonSchema, streamText, tool } from "ai";

const { RAGD_URL, RAGD_KEY, STUB_URL, SCRIPTED_RAGD_URL, SCRIPTED_URL } = process.env;
const TEXT = "Grüße aus dem Leuchtturm 🦀 – 灯台から。 The end.";

globalThis.AI_SDK_LOG_WARNINGS = false;

function provider(url = RAGD_URL, apiKey = RAGD_KEY) {
  return createOpenAICompatible({ name: "ragd", baseURL: `${url}/v1`, apiKey, includeUsage: true });
}

function ask(options) {
  const { url, apiKey, model = "openai/stub-model", ...rest } = options ?? {};
  return { model: provider(url, apiKey)(model), prompt: "Hello", maxRetries: 0, ...rest };
}

async function put(url, body) {
  const answer = await fetch(url, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.ok(answer.ok, `${url} answered ${answer.status}`);
}

const behave = (behaviour, more) => put(`${STUB_URL}/_stub/behaviour`, { behaviour, ...more });
const script = (then) => put(`${SCRIPTED_URL}/_script`, { then });

// Everything that a stream brings: its text, the errors in it, and its other parts by their type.
async function read(options) {
  const reported = [];
  const result = streamText({ ...ask(options), onError: ({ error }) => reported.push(error) });
  const found = { text: "", reasoning: "", errors: [], reported, parts: [] };
  for await (const part of result.fullStream) {
    found.parts.push(part);
    if (part.type === "text-delta") found.text += part.text;
    if (part.type === "reasoning-delta") found.reasoning += part.text;
    if (part.type === "error") found.errors.push(part.error);
  }
  found.finish = found.parts.find((part) => part.type === "finish");
  return found;
}

const weather = tool({
  description: "The weather of a city",
  inputSchema: jsonSchema({
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
  }),
});

describe("answers", () => {
  test("generateText", async () => {
    const result = await generateText(ask());
    assert.ok(result.text.trim());
    assert.equal(result.finishReason, "stop");
    assert.ok(result.usage.inputTokens > 0);
    assert.ok(result.usage.outputTokens > 0);
    assert.equal(result.usage.totalTokens, result.usage.inputTokens + result.usage.outputTokens);
    assert.ok(result.response.id);
    assert.ok(result.response.modelId);
    assert.equal(result.response.headers["x-ragd-provider"], "openai");
  });

  test("streamText", async () => {
    const result = streamText(ask());
    let text = "";
    for await (const piece of result.textStream) text += piece;
    assert.ok(text.trim());
    assert.equal(await result.text, text);
    assert.equal(await result.finishReason, "stop");
    const usage = await result.usage;
    assert.ok(usage.inputTokens > 0);
    assert.ok(usage.outputTokens > 0);
  });

  test("an answer arrives letter by letter", async () => {
    await script({ text: TEXT, reasoning: "Hm, let me see." });
    const whole = await generateText(ask({ url: SCRIPTED_RAGD_URL }));
    assert.equal(whole.text, TEXT);
    assert.equal(whole.reasoningText, "Hm, let me see.");
    const streamed = await read({ url: SCRIPTED_RAGD_URL });
    assert.deepEqual(streamed.errors, []);
    assert.equal(streamed.text, TEXT);
    assert.equal(streamed.reasoning, "Hm, let me see.");
    assert.equal(streamed.finish.totalUsage.totalTokens, 17);
  });

  test("tool calls, whole and streamed", async () => {
    await script({ tools: [{ name: "weather", arguments: '{"city": "Kiel"}' }] });
    const options = { url: SCRIPTED_RAGD_URL, tools: { weather } };
    const whole = await generateText(ask(options));
    assert.equal(whole.finishReason, "tool-calls");
    assert.deepEqual(whole.toolCalls.map((call) => call.input), [{ city: "Kiel" }]);
    const streamed = await read(options);
    const calls = streamed.parts.filter((part) => part.type === "tool-call");
    assert.deepEqual(calls.map((call) => call.input), [{ city: "Kiel" }]);
    assert.equal(streamed.finish.finishReason, "tool-calls");
  });

  test("retrieval", async () => {
    const options = { model: "ragd", prompt: "When is the lamp of the Corvus lighthouse cleaned?" };
    const whole = await generateText(ask(options));
    assert.match(whole.text, /Tuesday.*\[1\]/s);
    const streamed = await read(options);
    assert.deepEqual(streamed.errors, []);
    assert.match(streamed.text, /Tuesday.*\[1\]/s);
    assert.equal(streamed.finish.finishReason, "stop");
  });

  test("embeddings", async () => {
    const model = provider().textEmbeddingModel("all-MiniLM-L6-v2");
    const one = await embed({ model, value: "Hello world", maxRetries: 0 });
    assert.equal(one.embedding.length, 384);
    assert.ok(one.usage.tokens > 0);
    const values = ["A lighthouse by the sea", "Hello world"];
    const many = await embedMany({ model, values, maxRetries: 0 });
    assert.equal(many.embeddings.length, 2);
    const apart = many.embeddings[1].map((value, index) => Math.abs(value - one.embedding[index]));
    assert.ok(Math.max(...apart) < 1e-5);
  });
});

describe("errors", () => {
  const caught = async (promise) => {
    const error = await promise.then(() => assert.fail("no error"), (error) => error);
    assert.ok(APICallError.isInstance(error), `${error}`);
    return error;
  };

  beforeEach(() => script(null));

  afterEach(async () => {
    await behave("ok");
    for (let tries = 0; ; tries++) {
      const well = await generateText(ask()).catch(() => null);
      if (well) return;
      assert.ok(tries < 30, "ragd does not return to a provider that is well again");
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  });

  test("a wrong key", async () => {
    const error = await caught(generateText(ask({ apiKey: "not-a-key" })));
    assert.equal(error.statusCode, 401);
    assert.equal(error.isRetryable, false);
    assert.ok(error.data.error.message);
  });

  test("a 400 of the upstream", async () => {
    const words = "This model's maximum context length is 8192 tokens.";
    await script({ status: 400, json: { error: { message: words } } });
    const error = await caught(generateText(ask({ url: SCRIPTED_RAGD_URL })));
    assert.equal(error.statusCode, 400);
    assert.ok(error.message.includes(words), error.message);
  });

  test("an upstream that is down", async () => {
    await behave("status:500", { times: 2 });
    const error = await caught(generateText(ask()));
    assert.equal(error.statusCode, 503);
    assert.equal(error.isRetryable, true);
    assert.ok(error.responseHeaders["retry-after"]);
  });

  test("a stream from an upstream that is down", async () => {
    await behave("status:500", { times: 2 });
    const { text, errors, reported } = await read();
    assert.equal(text, "");
    assert.equal(errors.length, 1);
    assert.ok(APICallError.isInstance(errors[0]));
    assert.equal(errors[0].statusCode, 503);
    assert.equal(reported.length, 1);
  });

  for (const behaviour of ["error-after:3", "cut-after:3"]) {
    test(`a stream that breaks: ${behaviour}`, async () => {
      await behave(behaviour, { times: 1 });
      const { text, errors, finish } = await read();
      assert.ok(text, "the part that had come was withheld");
      assert.equal(errors.length, 1);
      assert.ok(errors[0].message, JSON.stringify(errors[0]));
      assert.ok(errors[0].type);
      assert.equal(finish.finishReason, "error");
    });
  }
});
