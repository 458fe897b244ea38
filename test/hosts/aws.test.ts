// Bundles inside Lambda's own runtime interface clients, on a Runtime API of ours and behind an HTTP API of ours.
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { remove } from "../dev/running.ts";
import { type HttpApi, startHttpApi } from "../servers/http-api.ts";
import { type SqsMessage, sqsEvent } from "../servers/sqs-event.ts";
import { deliveries, type Exchange, exchanges, type Message } from "./behaviours.ts";
import { type BuiltApp, buildApp } from "./built.ts";
import { checkDelivery, checkLog, checkReply } from "./checks.ts";
import { type Client, createFleet, type Fleet, unavailable } from "./lambda.ts";
import { type Reference, startReference } from "./reference.ts";
import { sendTo } from "./requests.ts";

let built: BuiltApp;
let local: Reference;

beforeAll(async () => {
  built = buildApp("behaviours", "aws");
  local = await startReference();
});

afterAll(async () => {
  await local.stop();
  remove(built.folder);
});

for (const client of [4, 3] as const) {
  const missing = unavailable(client);
  if (missing === undefined) describe(`aws-lambda-ric ${client}`, () => behaves(client));
  else console.log(`unavailable: aws-lambda-ric ${client}: ${missing}`);
}

/** What an HTTP API, which decodes the path before a function sees it, makes of an encoded slash. */
const decoded: Readonly<Record<string, Partial<Exchange>>> = {
  "a percent-encoded path, the rest of a wildcard as it came": {
    json: {
      method: "GET",
      pathname: "/echo/a%20b/%C3%BC/d//e/",
      rest: "a%20b/%C3%BC/d//e/",
      query: [],
      headers: {},
      cookie: null,
      text: "",
    },
  },
  "parameters, decoded": { status: 404, json: undefined, problem: "NOT_FOUND" },
};

function behaves(client: Client): void {
  let fleet: Fleet;
  let httpApi: HttpApi;
  let functionUrls: HttpApi;

  beforeAll(async () => {
    fleet = createFleet(built.output, { client });
    httpApi = await startHttpApi(fleet.routes);
    functionUrls = await startHttpApi(fleet.routes.map((route) => ({ ...route, functionUrl: true })));
  });

  afterAll(() => {
    httpApi.close();
    functionUrls.close();
    fleet.stop();
  });

  describe("HTTP", () => {
    for (const { function: name, ...exchange } of exchanges) {
      // Where no function answers, an HTTP API does: 404 and a message of its own.
      if (name === undefined) continue;
      const { request } = exchange;
      const other = decoded[exchange.name];
      test(exchange.name, async () => {
        const answering = fleet.of(name);
        const from = answering.lines().length;
        const reference = await local.send(request);
        const reply = await sendTo(httpApi.url, request);
        if (other) {
          checkReply({ ...exchange, ...other }, reply, undefined);
          checkReply(exchange, await sendTo(functionUrls.url, request), reference);
        } else checkReply(exchange, reply, reference);
        if (exchange.logged) await checkLog(answering.lines, from, [exchange.logged]);
        expect(answering.starts, "it is still the process that it was").toBe(1);
      });
    }

    test("a streamed reply, part by part", async () => {
      const folder = mkdtempSync(join(tmpdir(), "faasten-gate-"));
      const gate = join(folder, "gate");
      const response = await fetch(`${functionUrls.url}/stream?gate=${encodeURIComponent(gate)}`);
      expect([response.status, response.headers.get("x-streamed")]).toEqual([200, "1"]);
      const parts: string[] = [];
      for await (const part of response.body ?? []) {
        parts.push(Buffer.from(part).toString());
        if (!existsSync(gate)) writeFileSync(gate, "");
      }
      expect(parts).toEqual(["first ", "second"]);
      remove(folder);
    });
  });

  describe("messages", () => {
    for (const delivery of deliveries) {
      const { to, message } = delivery;
      const { body } = message;
      // A message of SQS is text.
      if (typeof body !== "string") continue;
      test(delivery.name, async () => {
        const subscriber = fleet.of(to);
        const from = subscriber.lines().length;
        const result = await subscriber.invoke(sqsEvent(toSqs(message, body)));
        await checkDelivery(delivery, acknowledged(result, message.id), subscriber.lines, from);
        expect(subscriber.starts, "it is still the process that it was").toBe(1);
      });
    }

    test("a batch: only what was not done comes again", async () => {
      const result = await fleet
        .of("work")
        .invoke(sqsEvent(task("a", "done"), task("b", "throw"), task("c", "drop"), { id: "d", body: "no JSON" }));
      expect(result).toEqual({ batchItemFailures: [{ itemIdentifier: "b" }, { itemIdentifier: "d" }] });
    });

    test("a batch, to a subscriber that takes many", async () => {
      const result = await fleet
        .of("workTogether")
        .invoke(sqsEvent(task("a", "done"), task("b", "retry"), { id: "c", body: "no JSON" }));
      expect(result).toEqual({ batchItemFailures: [{ itemIdentifier: "b" }, { itemIdentifier: "c" }] });
    });

    test("a FIFO batch: the first failure of a group and all that follow it there", async () => {
      const subscriber = fleet.of("workInOrder");
      const from = subscriber.lines().length;
      const batch = [
        task("1", "done", "x"),
        task("2", "throw", "x"),
        task("3", "done", "y"),
        task("4", "done", "x"),
        task("5", "done", "y"),
      ];
      const result = await subscriber.invoke(sqsEvent(...batch));
      expect(result).toEqual({ batchItemFailures: [{ itemIdentifier: "2" }, { itemIdentifier: "4" }] });
      await checkLog(subscriber.lines, from, [{ message: "saw", event: "5" }]);
      expect(subscriber.lines().slice(from).join("\n")).not.toContain('"event":"4"');
    });

    test("what is no batch of a queue fails the invocation", async () => {
      await expect(fleet.of("work").invoke({ hello: "there" })).rejects.toThrow(
        "this call is none that its triggers know",
      );
    });
  });

  test("a planned run", async () => {
    const nightly = fleet.of("nightly");
    const run = { service: "behaviours", function: "nightly", time: "2026-11-20T02:00:00Z", attempt: "1" };
    expect(await nightly.invoke(run)).toBe(null);
    await checkLog(nightly.lines, 0, [{ message: "saw", event: "nightly/2026-11-20T02:00:00.000Z" }]);
  });
}

function toSqs({ id, attempt, order }: Message, body: string): SqsMessage {
  return { id, body, ...(attempt !== undefined && { attempt }), ...(order !== undefined && { group: order }) };
}

function task(id: string, what: string, group?: string): SqsMessage {
  return { id, body: JSON.stringify({ do: what, key: group ?? "k" }), ...(group !== undefined && { group }) };
}

function acknowledged(result: unknown, id: string): boolean {
  const { batchItemFailures } = result as { batchItemFailures: readonly { itemIdentifier: string }[] };
  return !batchItemFailures.some(({ itemIdentifier }) => itemIdentifier === id);
}
