// What `pubsub.sqlite` promises of leases: a dead process's messages come again, a living one's stay its own.
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { create } from "../../../../providers/local/pubsub/sqlite.ts";
import type { CloudEvent, Outcome, PubSub, Subscription } from "../../../../src/provider.ts";
import { child } from "../child.ts";
import { folder } from "../folder.ts";

const ship: Subscription = { topic: "placed", subscriber: "ship", attempts: 3, ordered: false };
const placed: CloudEvent = { specversion: "1.0", id: "1", source: "/tests", type: "placed" };
const done: Outcome = { kind: "done" };

async function open(file: string, metadata: Record<string, string> = {}): Promise<PubSub> {
  const broker = await create({ name: "pubsub", service: "shop", metadata: { ...metadata, connectionString: file } });
  onTestFinished(async () => broker.close());
  return broker;
}

function behind(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  onTestFinished(() => database.close());
  return database;
}

/** A file on which a process died that had taken the one message `attempt` times. */
async function abandoned(attempt: number, leaseLeft: number): Promise<string> {
  const file = join(folder(), "pubsub.db");
  const broker = await create({ name: "pubsub", service: "shop", metadata: { connectionString: file } });
  broker.consume([ship], async () => done);
  await broker.close();
  const later = await open(file);
  await later.publish("placed", placed);
  behind(file)
    .prepare("UPDATE pubsub_message SET owner = 'died', attempt = ?, due_at = ?")
    .run(attempt, Date.now() + leaseLeft);
  return file;
}

async function deadLetters(broker: PubSub): Promise<CloudEvent[]> {
  const letters: CloudEvent[] = [];
  for await (const letter of broker.deadLetters?.(ship) ?? []) letters.push(letter);
  return letters;
}

test("a dead process's message comes again when its lease has lapsed, and the attempt counts", async () => {
  const file = await abandoned(1, 400);
  const lapses = Date.now() + 350;
  const broker = await open(file);
  const attempts: (number | undefined)[] = [];
  broker.consume?.([ship], async (_, { attempt }) => {
    attempts.push(Date.now() < lapses ? Number.NaN : attempt);
    return done;
  });
  await expect.poll(() => attempts, { timeout: 20_000 }).toEqual([2]);
});

test("what has killed its process at every attempt is buried by the platform, undelivered", async () => {
  const broker = await open(await abandoned(3, 0));
  let delivered = 0;
  broker.consume?.([ship], async () => {
    delivered += 1;
    return done;
  });
  await expect.poll(async () => (await deadLetters(broker)).length, { timeout: 20_000 }).toBe(1);
  expect((await deadLetters(broker))[0]).toEqual({
    ...placed,
    extensions: { faastenreason: "platform", faastenattempt: 3, faastenfunction: "ship" },
  });
  expect(delivered).toBe(0);
});

test("a handler that outlasts its lease keeps its message", async () => {
  const file = join(folder(), "pubsub.db");
  const [first, second] = [await open(file), await open(file)];
  const by: string[] = [];
  first.consume?.([ship], async () => {
    by.push("first");
    await new Promise((resolve) => setTimeout(resolve, 6500));
    return done;
  });
  await first.publish("placed", placed);
  await expect.poll(() => by.length, { timeout: 20_000 }).toBe(1);
  second.consume?.([ship], async () => {
    by.push("second");
    return done;
  });
  const waiting = behind(file).prepare("SELECT count(*) AS count FROM pubsub_message");
  await expect.poll(() => waiting.get()?.["count"], { timeout: 20_000 }).toBe(0);
  expect(by).toEqual(["first"]);
});

test("who has lost his lease settles nothing", async () => {
  const file = join(folder(), "pubsub.db");
  const broker = await open(file);
  const database = behind(file);
  const { promise: taken, resolve: take } = Promise.withResolvers<void>();
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  const handled = broker.consume?.([ship], async () => {
    take();
    await held;
    return { kind: "dead", reason: "not mine to say" };
  });
  await broker.publish("placed", placed);
  await taken;
  database.prepare("UPDATE pubsub_message SET owner = 'another', due_at = ?").run(Date.now() + 60_000);
  letGo();
  await handled;
  await broker.close?.();
  expect(database.prepare("SELECT owner FROM pubsub_message").all()).toMatchObject([{ owner: "another" }]);
  expect(database.prepare("SELECT * FROM pubsub_dead_letter").all()).toEqual([]);
});

test("a file that is held for a while puts delivery off, is told as a warning, and stops nothing", async () => {
  const file = join(folder(), "pubsub.db");
  const broker = await open(file, { busyTimeout: "10ms" });
  const warnings: string[] = [];
  const listen = (warning: Error): void => void warnings.push(warning.message);
  process.on("warning", listen);
  onTestFinished(() => void process.off("warning", listen));
  let delivered = 0;
  broker.consume?.([ship], async () => {
    delivered += 1;
    return done;
  });
  const publisher = behind(file);
  publisher.exec("BEGIN IMMEDIATE");
  await expect(broker.publish("placed", placed)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  publisher.exec(
    `INSERT INTO pubsub_message (inbox, event, attributes, due_at) SELECT id, '1', '${JSON.stringify(placed)}', 0 FROM pubsub_inbox;
     COMMIT; BEGIN IMMEDIATE`,
  );
  await expect.poll(() => warnings.join(), { timeout: 20_000 }).toContain(file);
  expect(delivered).toBe(0);
  publisher.exec("ROLLBACK");
  await expect.poll(() => delivered, { timeout: 20_000 }).toBe(1);
});

test("JSON data keeps its text, and the event survives a reopening", async () => {
  const file = join(folder(), "pubsub.db");
  const broker = await open(file);
  broker.consume?.([ship], async () => done);
  await broker.close?.();
  const publisher = await open(file);
  const json = '{ "amount": 1.10, "big": 12345678901234567890 }';
  await publisher.publish("placed", { ...placed, data: { json } });
  await publisher.close?.();
  const reader = await open(file);
  const texts: unknown[] = [];
  reader.consume?.([ship], async (_, { event: { data } }) => {
    texts.push(data);
    return done;
  });
  await expect.poll(() => texts, { timeout: 20_000 }).toEqual([{ json }]);
});

test("a process that has closed its broker ends", async () => {
  const module = new URL("../../../../providers/local/pubsub/sqlite.ts", import.meta.url);
  const source = `
    const { create } = await import(${JSON.stringify(module)});
    const broker = await create({ name: "pubsub", service: "shop", metadata: {} });
    const { promise, resolve } = Promise.withResolvers();
    broker.consume([${JSON.stringify(ship)}], async () => {
      resolve();
      return { kind: "retry", notBefore: Date.now() + 3_600_000, reason: "much later" };
    });
    await broker.publish("placed", ${JSON.stringify(placed)});
    await promise;
    await broker.close();
    console.log("closed");`;
  expect(await child(source, folder())).toBe("closed\n");
});
