// Bundles inside Lambda's own runtime interface clients, on a Runtime API of ours and behind an HTTP API of ours.
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BuiltApp, buildApp } from "../build/built.ts";
import { remove } from "../dev/running.ts";
import { type HttpApi, startHttpApi } from "../servers/http-api.ts";
import { type SqsMessage, sqsEvent } from "../servers/sqs-event.ts";
import { cuts, deliveries, type Exchange, exchanges, type Message } from "./behaviours.ts";
import { checkCut, checkDelivery, checkLog, checkReply } from "./checks.ts";
import { type Client, createFleet, type Fleet, unavailable } from "./lambda.ts";
import { recordedEvents } from "./recorded.ts";
import { type Reference, startReference } from "./reference.ts";
import { sendTo } from "./requests.ts";

let built: BuiltApp;
let local: Reference;

beforeAll(async () => {
  built = buildApp("behaviours", "aws", { files: { "more.ts": more } });
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

/** What only this host can show. */
const more = `
import { http } from "faasten";

export const undici = http.get("/undici", { access: "public" }, () =>
  Response.json(process.moduleLoadList.filter((name) => name.includes("undici"))),
);
export const spent = http.get("/spent", { access: "public" }, async () => {
  const response = new Response("read before it is sent");
  await response.text();
  return response;
});
export const late = http.get("/late", { access: "public" }, async (request) => {
  if (request.url.includes("?wait")) await new Promise((resume) => setTimeout(resume, 500));
  else setTimeout(() => void Promise.reject(new Error("too late")), 100);
  return new Response("answered");
});
export const whole = http.get("/whole", { access: "public", stream: true }, () => {
  const headers = [["set-cookie", "a=1"], ["set-cookie", "b=2; Path=/"], ["x-a", "1"]];
  return new Response("Grüße", { status: 201, headers });
});
export const bare = http.get("/bare", { access: "public", stream: true }, () => new Response(null, { status: 204 }));
export const fails = http.get("/fails", { access: "public", stream: true }, () => {
  throw new Error("an inner matter");
});
`;

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
  // It cannot be told from an encoded one, which is what clients send.
  "a backslash, which is a slash": {
    json: { method: "GET", pathname: "/echo/a%5Cb", rest: "a%5Cb", query: [], headers: {}, cookie: null, text: "" },
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
          const direct = await sendTo(functionUrls.url, request);
          if (request.target.includes("\\")) checkReply({ ...exchange, ...other }, direct, undefined);
          else checkReply(exchange, direct, reference);
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

  describe("streams", () => {
    const ask = (target: string) => sendTo(functionUrls.url, { method: "GET", target });

    test("a reply that is whole: status, headers and cookies", async () => {
      const { status, headers, cookies, body } = await ask("/whole");
      expect([status, headers["x-a"], cookies]).toEqual([201, "1", ["a=1", "b=2; Path=/"]]);
      expect(Buffer.from(body).toString()).toBe("Grüße");
    });

    test("a reply without a body", async () => {
      expect((await ask("/bare")).status).toBe(204);
    });

    test("a handler that throws before anything is sent", async () => {
      const { status, headers } = await ask("/fails");
      expect([status, headers["content-type"]]).toEqual([500, "application/problem+json"]);
    });

    for (const cut of cuts) {
      test(`cut off: ${cut.name}`, async () => {
        const cutting = fleet.of(cut.function);
        await checkCut(cut, functionUrls.url, cutting.lines);
        await checkCut(cut, functionUrls.url, cutting.lines);
        expect(cutting.starts, "it is still the process that it was").toBe(1);
      });
    }
  });

  test("undici is not loaded for a reply", async () => {
    expect(Buffer.from((await sendTo(httpApi.url, { method: "GET", target: "/undici" })).body).toString()).toBe("[]");
  });

  test("a reply that cannot be read is a 500, and the log says why", async () => {
    const { status, headers } = await sendTo(httpApi.url, { method: "GET", target: "/spent" });
    expect([status, headers["content-type"]]).toEqual([500, "application/problem+json"]);
    await checkLog(fleet.of("spent").lines, 0, [{ message: "failed", function: "spent" }]);
  });

  test("a rejection that comes late fails no other invocation", async () => {
    const ask = (target: string) => sendTo(httpApi.url, { method: "GET", target });
    const [first, second] = [await ask("/late"), await ask("/late?wait")];
    expect([first.status, second.status]).toEqual([200, 200]);
    await checkLog(fleet.of("late").lines, 0, [{ message: "an error that nobody caught", function: "late" }]);
  });

  test("what a timer throws ends the process, and the log says whose it was", async () => {
    const { status } = await sendTo(httpApi.url, { method: "GET", target: "/throws-later" });
    expect(status).not.toBe(200);
    const message = "an error that nobody caught";
    await checkLog(fleet.of("throwsLater").lines, 0, [{ message, function: "throwsLater" }]);
  });

  describe("a request is no event", () => {
    for (const { name, text: body } of recordedEvents()) {
      test(`${name}, posted to an HTTP function, is a body`, async () => {
        const headers = [["content-type", "application/json"]] as const;
        const reply = await sendTo(httpApi.url, { method: "POST", target: "/echo/event", headers, body });
        expect(reply.status).toBe(200);
        expect(JSON.parse(Buffer.from(reply.body).toString())).toMatchObject({ method: "POST", text: body });
      });
    }
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

    test("a batch in which one leaves a rejection alone: what still ran comes again", async () => {
      const work = fleet.of("work");
      const result = await work.invoke(sqsEvent(task("a", "float"), task("b", "float")));
      expect(result).toEqual({ batchItemFailures: [{ itemIdentifier: "a" }, { itemIdentifier: "b" }] });
      expect(work.starts).toBe(1);
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
      await fails("work");
    });

    test("what is no request fails the invocation, streaming or not", async () => {
      await fails("sum");
      await fails("stream");
    });

    async function fails(name: string): Promise<void> {
      const called = fleet.of(name);
      const from = called.lines().length;
      await expect(called.invoke({ hello: "there" })).rejects.toThrow();
      expect(called.lines().slice(from).join("\n")).toContain("this call is none that its triggers know");
      await checkLog(called.lines, from, [{ level: "error", message: "the call could not be taken", function: name }]);
    }
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
