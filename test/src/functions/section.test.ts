// What is laid around the handlers of a serverless.yml's functions.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import type { Definition, Invocation } from "../../../src/contracts/function.ts";
import type { EventArrival, Outcome, RequestArrival } from "../../../src/contracts/trigger.ts";
import {
  below,
  byBody,
  byBus,
  byObject,
  filtered,
  invoked,
  limited,
  withInput,
} from "../../../src/functions/section.ts";

const seen: unknown[] = [];
const definition: Definition = {
  faasten: "function",
  on: { kind: "http", method: "*", path: "/*" },
  uses: {},
  settle: async (arrival) => {
    seen.push(arrival.kind === "request" ? arrival.path : arrival.event.id);
    return { kind: "retry", reason: "seen" };
  },
  settleMany: async (arrivals) => arrivals.map(({ event: { id } }): Outcome => ({ kind: "dead", reason: id })),
  fail: (_error, _invocation, arrival) => ({
    kind: "dead",
    reason: arrival.kind === "request" ? arrival.path : arrival.event.id,
  }),
};
const invocation = {} as Invocation;

function arrival(id: string, data: EventArrival["event"]["data"], rest: object = {}): EventArrival {
  return {
    kind: "event",
    event: { specversion: "1.0", id, source: "shop", type: "Placed", ...rest, ...(data && { data }) },
  };
}

test("what does not pass is done, and the others keep their outcomes, in their order", async () => {
  const odd = filtered(definition, ({ event }) => Number(event.id) % 2 === 1);
  seen.length = 0;
  expect(await odd.settle(arrival("2", undefined), invocation)).toEqual({ kind: "done", filtered: true });
  expect(await odd.settle(arrival("3", undefined), invocation)).toEqual({ kind: "retry", reason: "seen" });
  expect(seen).toEqual(["3"]);
  const all = ["1", "2", "3", "4"].map((id) => arrival(id, undefined));
  expect(await odd.settleMany?.(all, invocation)).toEqual([
    { kind: "dead", reason: "1" },
    { kind: "done", filtered: true },
    { kind: "dead", reason: "3" },
    { kind: "done", filtered: true },
  ]);
});

test("bodies: of JSON by their fields, as text where the pattern is text; what is no JSON has no fields", () => {
  const positive = byBody([{ body: { total: [{ numeric: [">", 0] }] } }, { body: ["ping"] }]);
  expect(positive(arrival("1", { json: '{"total":1}' }))).toBe(true);
  expect(positive(arrival("2", { json: '{"total":0}' }))).toBe(false);
  expect(positive(arrival("3", { bytes: new TextEncoder().encode("ping") }))).toBe(true);
  expect(positive(arrival("4", { bytes: new TextEncoder().encode("{") }))).toBe(false);
  expect(positive(arrival("5", undefined))).toBe(false);
});

test("events of a bus: their source, type and detail", () => {
  const placed = byBus([{ source: ["shop"], "detail-type": ["Placed"], detail: { id: [1] } }]);
  expect(placed(arrival("1", { json: '{"id":1}' }))).toBe(true);
  expect(placed(arrival("2", { json: '{"id":1}' }, { type: "Lost" }))).toBe(false);
  expect(placed(arrival("3", { json: '{"id":2}' }))).toBe(false);
  expect(placed(arrival("4", undefined))).toBe(false);
});

test("objects: what became of them, and their names", () => {
  const photos = byObject("created", "in/", ".jpg");
  const change = (change: string, key: string): EventArrival => arrival("1", { json: JSON.stringify({ change, key }) });
  expect(photos(change("created", "in/a.jpg"))).toBe(true);
  expect(photos(change("deleted", "in/a.jpg"))).toBe(false);
  expect(photos(change("created", "out/a.jpg"))).toBe(false);
  expect(photos(change("created", "in/a.png"))).toBe(false);
  expect(photos(arrival("2", undefined))).toBe(false);
});

test("an input stands for the event, anew each time; callbacks and context.done still end it", async () => {
  const input = { keep: 30 };
  const handler = withInput((event: { keep: number }) => ++event.keep, input);
  expect([await handler({}, {}), await handler({}, {}), input]).toEqual([31, 31, { keep: 30 }]);
  const calling = withInput((event: unknown, _context: unknown, callback: (error: null, result: unknown) => void) => {
    setImmediate(() => callback(null, event));
  }, input);
  expect(await calling({}, {})).toEqual({ keep: 30 });
});

test("below a path, the handler sees what is below it, also when it fails; its own timeout is carried", async () => {
  const one = limited(below("/one", definition), 5_000);
  expect([one.on, one.timeout]).toEqual([{ kind: "http", method: "*", path: "/one/*" }, 5_000]);
  const request = (path: string): RequestArrival => ({
    kind: "request",
    path,
    request: new Request(`http://a${path}`),
  });
  seen.length = 0;
  for (const path of ["/one/a/b", "/one/", "/one"]) await one.settle(request(path), invocation);
  expect(seen).toEqual(["/a/b", "/", "/"]);
  expect(one.fail(new Error(), invocation, request("/one/x"))).toEqual({ kind: "dead", reason: "/x" });
});

test("a handler elsewhere gets the event, and its result or its failure comes back", async () => {
  const server = createServer(async (request, response) => {
    const event = JSON.parse(await text(request)) as { readonly say: string; readonly fails?: true };
    if (event.fails) response.setHeader("x-amz-function-error", "Unhandled").end('{"errorMessage":"it broke"}');
    else response.writeHead(event.say === "gone" ? 404 : 200).end(event.say);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const handler = invoked(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  expect(await handler({ say: '{"batchItemFailures":[]}' })).toEqual({ batchItemFailures: [] });
  expect(await handler({ say: "" })).toBeUndefined();
  await expect(handler({ say: "", fails: true })).rejects.toThrow("failed: it broke");
  await expect(handler({ say: "gone" })).rejects.toThrow("failed: HTTP 404");
});
