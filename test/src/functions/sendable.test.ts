// What becomes of a handler's reply: what it holds, and when its body ends.
import { afterEach, expect, test } from "vitest";
import type { Definition } from "../../../src/contracts/function.ts";
import type { Outcome } from "../../../src/contracts/trigger.ts";
import * as http from "../../../src/functions/http.ts";
import { toRequest } from "../../../src/runtime/request.ts";
import { Response as LazyResponse, type ReplyBody, toReply } from "../../../src/runtime/response.ts";
import { createRunner, type Runner } from "../../../src/runtime/run.ts";

let lines: { readonly message: string; readonly function: string; readonly error?: unknown }[] = [];
let runner: Runner | undefined;
afterEach(async () => {
  lines = [];
  await runner?.close();
});

/** What the runner gives for a request to `definition`, which may take so many milliseconds. */
async function settle(definition: Definition, time = 10_000): Promise<Response> {
  const served = {
    name: "work",
    definition,
    triggers: [
      {
        name: "test",
        accepts: (_payload: unknown): _payload is unknown => true,
        decode: () => [{ kind: "request", request: ask(), path: "/" } as const],
        encode: ([outcome]: readonly Outcome[]) => outcome,
      },
    ],
  };
  runner = createRunner({ service: "s", functions: [served], components: {} }, (line) => lines.push(JSON.parse(line)));
  const call = { id: "1", payload: {}, context: {}, deadline: Date.now() + time };
  const [outcome] = (await runner.settle(served, call)).outcomes;
  if (outcome?.kind !== "reply") throw new Error("no reply");
  return outcome.response;
}

function ask(): Request {
  return toRequest({ method: "GET", url: () => "http://h/", headers: {}, body: undefined });
}

interface Source {
  readonly body: ReadableStream<Uint8Array>;
  readonly cancelled: unknown[];
}

/** Gives these parts, and then ends, or never does. */
function source(parts: readonly unknown[], ends: boolean): Source {
  const cancelled: unknown[] = [];
  const left = [...parts];
  const body = new ReadableStream({
    async pull(controller) {
      const part = left.shift();
      if (part !== undefined) controller.enqueue(part);
      else if (ends) controller.close();
      else await new Promise(() => {});
    },
    cancel: (reason) => void cancelled.push(reason),
  });
  return { body, cancelled };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const ofStream = (body: ReplyBody): ReadableStream<Uint8Array> => {
  if (!(body instanceof ReadableStream)) throw new Error("no stream");
  return body;
};

test.each([
  ["lazy", LazyResponse],
  ["native", Response],
])("a body that is a stream is read first, headers and cookies as they were: %s", async (_name, R) => {
  const headers: [string, string][] = [
    ["x-a", "1"],
    ["set-cookie", "a=1"],
    ["set-cookie", "b=2"],
  ];
  const definition = http.get(
    "/",
    () => new R(source([bytes("grü"), bytes("ße")], true).body, { status: 201, headers }),
  );
  expect(toReply(await settle(definition))).toEqual({
    status: 201,
    headers: [["x-a", "1"]],
    cookies: ["a=1", "b=2"],
    body: "grüße",
  });
  expect(lines).toEqual([]);
});

test("a reply that needs no reading is handed on as it is", async () => {
  const response = LazyResponse.json({ a: 1 });
  expect(await settle(http.get("/", () => response))).toBe(response);
});

test("at the deadline a source is let go of, and the reply is that of a handler without an end", async () => {
  const { body, cancelled } = source([bytes("a")], false);
  const response = await settle(
    http.get("/", () => new LazyResponse(body)),
    200,
  );
  expect(response.status).toBe(504);
  await expect.poll(() => cancelled).toMatchObject([{ code: "TIMEOUT" }]);
  expect(lines[0]).toMatchObject({ message: "failed", function: "work" });
});

test("a source that gives without an end is given up before all memory is taken", async () => {
  const part = new Uint8Array(16 * 1024 * 1024);
  const body = new ReadableStream({ pull: (controller) => controller.enqueue(part) });
  expect((await settle(http.get("/", () => new LazyResponse(body)))).status).toBe(500);
  expect(JSON.stringify(lines)).toContain("stream: true");
});

test("a stream that is sent while it is made belongs to its run: the deadline ends both", async () => {
  const { body, cancelled } = source([bytes("a")], false);
  let aborted: unknown;
  const definition = http.get("/", { stream: true }, (_request, { signal }) => {
    signal.addEventListener("abort", () => {
      aborted = signal.reason;
    });
    return new LazyResponse(body);
  });
  const reader = ofStream(toReply(await settle(definition, 300)).body).getReader();
  expect((await reader.read()).value).toEqual(bytes("a"));
  expect(aborted).toBeUndefined();
  await expect(reader.read()).rejects.toMatchObject({ code: "TIMEOUT" });
  expect(aborted).toMatchObject({ code: "TIMEOUT" });
  expect(cancelled).toMatchObject([{ code: "TIMEOUT" }]);
  expect(lines).toMatchObject([{ message: "failed", function: "work", error: { code: "TIMEOUT" } }]);
});

test("a rejection that nobody awaited ends it as well", async () => {
  const { body } = source([bytes("a")], false);
  const response = await settle(http.get("/", { stream: true }, () => new LazyResponse(body)));
  runner?.uncaught(new Error("nobody awaited this"));
  await expect(ofStream(toReply(response).body).getReader().read()).rejects.toThrow("nobody awaited this");
  expect(lines).toMatchObject([
    { message: "an error that nobody caught", function: "work" },
    { message: "failed", function: "work" },
  ]);
});

test.each([
  ["its end", async (reader: ReadableStreamDefaultReader) => void (await reader.read())],
  ["its reader's farewell", (reader: ReadableStreamDefaultReader) => reader.cancel("enough")],
])("after %s it is no longer of the run", async (_name, finish) => {
  const { body, cancelled } = source([], true);
  const response = await settle(http.get("/", { stream: true }, () => new LazyResponse(body)));
  await finish(ofStream(toReply(response).body).getReader());
  runner?.uncaught(new Error("somebody else's"));
  expect(lines.map(({ message }) => message)).toEqual(["an error that nobody caught"]);
  expect(cancelled.length).toBeLessThanOrEqual(1);
});

test("what is no part of a body breaks it off", async () => {
  const response = await settle(http.get("/", { stream: true }, () => new LazyResponse(source(["text"], true).body)));
  await expect(ofStream(toReply(response).body).getReader().read()).rejects.toThrow("gave a string");
  expect(lines).toMatchObject([{ message: "failed", function: "work" }]);
});
