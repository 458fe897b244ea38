// Events in an app under test: published, delivered, dead.
import { binding, http, state, topic } from "faasten";
import { testApp } from "faasten/testing";
import { expect, test } from "vitest";
import { z } from "zod";
import { supply } from "../../../src/testing/components.ts";

const Order = z.object({ id: z.string(), total: z.number().default(0) });
const placed = topic("placed", { schema: Order, orderBy: ({ id }) => id });
const bytes = topic("bytes", { raw: true });
const loose = topic<number>("loose", { pubsub: "other" });

test("what is published is kept by topic and broker, in order, as it went out", async () => {
  const publish = http.post(
    "/",
    { uses: { placed: placed.publish, bytes: bytes.publish, loose: loose.publish } },
    async (_request, { placed, bytes, loose }) => {
      await placed.publish({ id: "a" }, { subject: "s", id: "e-1" });
      await bytes.publish(new Uint8Array([1, 2]));
      await loose.publishMany([1, 2]);
      return new Response();
    },
  );
  const app = await testApp({ publish }, { service: "shop" });
  await app.fetch("/", { method: "POST" });
  expect(app.published(placed)).toMatchObject([
    { id: "e-1", source: "shop", subject: "s", data: { id: "a" }, topic: "placed", pubsubname: "pubsub" },
  ]);
  expect(app.published(bytes).map(({ data }) => data)).toEqual([new Uint8Array([1, 2])]);
  expect(app.published(loose).map(({ data }) => data)).toEqual([1, 2]);
  expect(app.published(topic("loose"))).toEqual([]);
  await app.close();
});

test("an event is handed over as often as is asked, and the outcomes are the answer", async () => {
  const seen: unknown[] = [];
  const take = placed.subscribe((event) => {
    seen.push([event.id, event.attempt, event.subject, event.data]);
    if (event.data.id === "dead") event.dead("of no use");
    if (event.data.id === "dropped") event.drop("not ours");
    if (event.data.id === "late") event.retry({ after: "1m" });
    if (event.data.id === "thrown") throw new Error("it fails");
  });
  const app = await testApp({ take });
  expect(await app.deliver(take, { id: "a" }, { id: "e", subject: "s", attempt: 3, duplicate: 2 })).toEqual([
    { kind: "done" },
    { kind: "done" },
  ]);
  const whole = { id: "a", total: 0 };
  expect(seen).toEqual([
    ["e", 3, "s", whole],
    ["e", 3, "s", whole],
  ]);
  expect(await app.deliver(take, { id: "dead" })).toEqual([{ kind: "dead", reason: "of no use" }]);
  expect(await app.deliver(take, { id: "dropped" })).toEqual([{ kind: "drop", reason: "not ours" }]);
  expect(await app.deliver(take, { id: "late" })).toMatchObject([{ kind: "retry", notBefore: app.now + 60_000 }]);
  expect(await app.deliver(take, { id: "thrown" })).toEqual([{ kind: "retry", reason: "it fails" }]);
  expect(await app.deliver(take, { id: "thrown" }, { attempt: 5 })).toEqual([{ kind: "dead", reason: "it fails" }]);
  expect(await app.deliver(take, { id: 1 } as never)).toMatchObject([
    { kind: "dead", reason: expect.stringContaining("does not fit its schema") },
  ]);
  expect(await app.deadLetters(take)).toMatchObject([
    { data: { id: "dead" }, reason: "of no use", attempts: 1 },
    { data: { id: "thrown" }, reason: "it fails", attempts: 5 },
    { data: { id: 1 }, reason: expect.stringContaining("does not fit its schema"), attempts: 1 },
  ]);
  seen.length = 0;
  expect(await app.redrive(take)).toBe(3);
  await app.drain();
  expect(seen.map((one) => (one as readonly unknown[])[1])).toEqual([1, 1]);
  expect(app.published(placed)).toEqual([]);
  await app.close();
});

test("bytes and batches are handed over as well", async () => {
  const seen: unknown[] = [];
  const raw = bytes.subscribe((event) => void seen.push(event.data));
  const many = placed.subscribeMany((events) => void seen.push(events.map(({ data }) => data.id)));
  const app = await testApp({ raw, many });
  await app.deliver(raw, new Uint8Array([7]));
  await app.deliver(many, { id: "a" });
  expect(seen).toEqual([new Uint8Array([7]), ["a"]]);
  await app.close();
});

test("deliveries go one after another, in the order of publishing, whatever they publish themselves", async () => {
  const seen: string[] = [];
  const next = topic<string>("next");
  const first = placed.subscribe({ uses: { next: next.publish } }, async ({ data }, { next }) => {
    seen.push(`> ${data.id}`);
    await next.publish(data.id);
    seen.push(`< ${data.id}`);
  });
  const second = next.subscribe(({ data }) => void seen.push(`next ${data}`));
  const app = await testApp({ first, second });
  await app.open(placed.publish).publishMany([{ id: "a" }, { id: "b" }]);
  await app.drain();
  expect(seen).toEqual(["> a", "< a", "> b", "< b", "next a", "next b"]);
  await app.close();
});

test("what fails five times is a dead letter, with its data, and can be sent back by its id", async () => {
  let mended = false;
  const take = placed.subscribe(() => {
    if (!mended) throw new Error("not yet");
  });
  const app = await testApp({ take });
  await app.open(placed.publish).publish({ id: "a" }, { id: "e-1" });
  await app.open(placed.publish).publish({ id: "b" }, { id: "e-2" });
  await app.drain();
  expect(await app.deadLetters(take)).toEqual([]);
  await app.advance("3s");
  expect(await app.deadLetters(take)).toEqual([]);
  await app.advance("1s");
  const letters = await app.deadLetters(take);
  expect(letters).toMatchObject([
    { id: "e-1", data: { id: "a" }, reason: "not yet", attempts: 5 },
    { id: "e-2", data: { id: "b" }, reason: "not yet", attempts: 5 },
  ]);
  expect(letters[0]).not.toHaveProperty("faastenreason");
  mended = true;
  expect([await app.redrive(take, "e-2"), await app.redrive(take, "e-3")]).toEqual([1, 0]);
  await app.drain();
  expect((await app.deadLetters(take)).map(({ id }) => id)).toEqual(["e-1"]);
  await app.close();
});

test("a circle of events is told, and not run for ever", async () => {
  const round = topic<number>("round");
  const loop = round.subscribe({ uses: { round: round.publish } }, async ({ data }, { round }) => {
    await round.publish(data + 1);
  });
  const quiet = round.subscribe(() => {});
  const app = await testApp({ loop, quiet });
  await app.open(round.publish).publish(1);
  await expect(app.drain()).rejects.toThrow(/deliveries at one instant, and no end of it: (?:loop|quiet) \(\d+\)/);
  await app.close();
});

test("what is no subscriber of the app is refused", async () => {
  const take = placed.subscribe(() => {});
  const page = http.get("/", () => new Response());
  const app = await testApp({ take, page });
  const other = placed.subscribe(() => {});
  await expect(app.deliver(other, { id: "a" })).rejects.toThrow("is not in the app, which has take, page");
  await expect(app.deadLetters(page)).rejects.toThrow("page subscribes to no topic");
  await expect(app.fire(take)).rejects.toThrow("take does not run by the clock");
  await app.close();
});

test("a component that nothing keeps in memory must be brought along", async () => {
  const bound = { files: { type: "bindings.localstorage", create: () => ({}), metadata: {} } };
  const broadcasts = { heard: () => () => ({}), published: () => [] };
  const create = supply({ service: "test", components: bound }, {}, broadcasts)["files"]?.create;
  expect(() => create?.({ name: "files", service: "test", metadata: {} })).toThrow(
    'nothing keeps bindings in memory: hand testApp a stand-in, { components: { "files": … } }',
  );
  const own = state("own");
  const read = http.get("/", { uses: { own: own.read } }, async (_request, { own }) =>
    Response.json((await own.get("a"))?.value),
  );
  const mine = { get: async () => ({ value: { json: '"mine"' }, etag: "1" }) };
  const app = await testApp({ read }, { components: { own: mine } });
  expect(await (await app.fetch("/")).json()).toBe("mine");
  await app.close();
});

test("bindings are kept in memory: what a function stores comes to the inputs, and a change can be handed over", async () => {
  const uploads = binding("uploads");
  const seen: unknown[] = [];
  const upload = http.post("/", { uses: { uploads: uploads.output("create") } }, async (request, { uploads }) => {
    await uploads.create(await request.text(), { key: "a" });
    return new Response();
  });
  const take = uploads.input({ uses: { uploads: uploads.output("get") } }, async (event, { uploads }) => {
    seen.push([event.data, (await uploads.get(event.data.key))?.text()]);
  });
  const app = await testApp({ upload, take });
  await app.fetch("/", { method: "POST", body: "text" });
  await app.drain();
  expect(seen).toEqual([[{ change: "created", key: "a", size: 4 }, "text"]]);
  expect(await app.deliver(take, { change: "deleted", key: "b" })).toEqual([{ kind: "done" }]);
  expect(seen.at(-1)).toEqual([{ change: "deleted", key: "b" }, undefined]);
  await app.close();
});

test("what an input gave up is among its dead letters, handed over or come by itself, and comes again from there", async () => {
  const uploads = binding("uploads");
  let ill = true;
  const take = uploads.input((event) => (ill ? event.dead(`no ${event.data.key}`) : undefined));
  const upload = http.post("/", { uses: { uploads: uploads.output("create") } }, async (_request, { uploads }) => {
    await uploads.create("text", { key: "a" });
    return new Response();
  });
  const app = await testApp({ upload, take });
  await app.fetch("/", { method: "POST" });
  await app.drain();
  await app.deliver(take, { change: "deleted", key: "b" });
  expect((await app.deadLetters(take)).map(({ data, reason }) => [data.key, reason])).toEqual([
    ["a", "no a"],
    ["b", "no b"],
  ]);
  ill = false;
  expect(await app.redrive(take)).toBe(2);
  await app.drain();
  expect(await app.deadLetters(take)).toEqual([]);
  await app.close();
});
