// Bindings: what reaches an input, and what becomes of it.
import { expect, test } from "vitest";
import { z } from "zod";
import { createOn } from "../../../providers/local/state/in-memory.ts";
import type { ObjectChange } from "../../../src/contracts/binding.ts";
import { binding } from "../../../src/functions/binding.ts";
import { bound } from "../runtime/stand-ins.ts";
import { arriving, calling } from "./calling.ts";

const uploads = binding("uploads");
const change: ObjectChange = { change: "created", key: "a", size: 1 };

test("an input gets what came, and what it uses", async () => {
  const seen: unknown[] = [];
  const { deliver } = calling(
    uploads.input(({ id, data, attempt }, { log }) => void seen.push([id, data.key, attempt, typeof log.info])),
  );
  expect(await deliver(arriving("e-1", change, { attempt: 2 }))).toEqual([{ kind: "done" }]);
  expect(seen).toEqual([["e-1", "a", 2, "function"]]);
});

test("verdicts are a subscriber's; nothing is buried, so the log tells of the dead", async () => {
  const { deliver, lines } = calling(
    uploads.input((event) => {
      if (event.data.key === "dead") event.dead("no use");
      else if (event.data.key === "drop") event.drop("no need");
      else event.retry();
    }),
  );
  const key = (name: string) => ({ ...change, key: name });
  expect(await deliver(arriving("1", key("dead")), arriving("2", key("drop")), arriving("3", key("retry")))).toEqual([
    { kind: "dead", reason: "no use" },
    { kind: "drop", reason: "no need" },
    { kind: "retry", reason: "the handler asked for it again" },
  ]);
  expect(lines.map(({ level, message, event }) => [level, message, event]).sort()).toEqual([
    ["error", "dead", "1"],
    ["warn", "dropped", "2"],
  ]);
});

test("the last attempt is dead, and logged as that, with its reason", async () => {
  const definition = uploads.input({ attempts: 2 }, () => {
    throw new Error("no luck");
  });
  const { deliver, lines } = calling(definition);
  expect(await deliver(arriving("1", change, { attempt: 1 }))).toEqual([{ kind: "retry", reason: "no luck" }]);
  expect(await deliver(arriving("1", change, { attempt: 2 }))).toEqual([{ kind: "dead", reason: "no luck" }]);
  expect(lines.at(-1)).toMatchObject({
    level: "error",
    message: "dead after the last attempt",
    event: "1",
    reason: "no luck",
  });
});

test("a schema, bytes, and what is neither", async () => {
  const seen: unknown[] = [];
  const shaped = binding("queue", { schema: z.object({ n: z.number() }) }).input(({ data }) => void seen.push(data.n));
  const [fits] = await calling(shaped).deliver(arriving("1", { n: 1 }));
  const [fails] = await calling(shaped).deliver(arriving("2", { n: "1" }));
  expect([fits, fails]).toEqual([
    { kind: "done" },
    { kind: "dead", reason: expect.stringContaining("binding queue: the event 2") },
  ]);
  const bytes = arriving("3", null, {
    event: { specversion: "1.0", id: "3", source: "s", type: "t", data: { bytes: new Uint8Array([9]) } },
  });
  const raw = binding("queue", { raw: true }).input(({ data }) => void seen.push(data));
  expect(await calling(raw).deliver(bytes)).toEqual([{ kind: "done" }]);
  expect(seen).toEqual([1, new Uint8Array([9])]);
  expect(await calling(uploads.input(() => {})).deliver(bytes)).toMatchObject([{ kind: "dead" }]);
});

test("an idempotent input is done once for each key", async () => {
  let runs = 0;
  const definition = uploads.input({ idempotent: ({ data }) => data.key }, () => {
    runs += 1;
  });
  const store = createOn(new Map(), { name: "idempotency", service: "tests", metadata: {} });
  const { deliver } = calling(definition, { idempotency: bound(store) });
  for (const id of ["1", "2"]) expect(await deliver(arriving(id, change))).toEqual([{ kind: "done" }]);
  expect(runs).toBe(1);
});

test("a request reaches no input", async () => {
  const { deliver } = calling(uploads.input(() => {}));
  const request = { kind: "request", path: "/", request: new Request("http://h/") } as const;
  expect(await deliver(request)).toEqual([{ kind: "dead", reason: "this function takes events" }]);
});

test("an input is data for the build", () => {
  expect(uploads.input(() => {}).on).toEqual({ kind: "binding", binding: "uploads", attempts: 5 });
  expect(uploads.input({ name: "own", attempts: 2 }, () => {})).toMatchObject({
    name: "own",
    on: { kind: "binding", binding: "uploads", attempts: 2 },
  });
});
