// Bundles on Azure's own `@azure/functions`, which are part of them, on a stand-in of ours for the worker and the host.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BuiltApp, buildApp } from "../build/built.ts";
import { remove } from "../dev/running.ts";
import { scenario } from "../portable/scenario.ts";
import {
  type BusMessage,
  type FunctionsHost,
  startFunctionsHost,
  type TimerStatus,
  traceParent,
} from "../servers/functions-host.ts";
import {
  cuts,
  deliveries,
  type Exchange,
  exchanges,
  type HostReply,
  type HostRequest,
  type Message,
} from "./behaviours.ts";
import { checkCut, checkDelivery, checkLog, checkReply } from "./checks.ts";
import { buildKept } from "./kept.ts";
import { type Reference, startReference } from "./reference.ts";
import { sendTo } from "./requests.ts";

/** As a stack would set them. */
const settings = {
  AzureFunctionsJobHost__functionTimeout: "00:00:04",
  FAASTEN_CONNECTION_PUBSUB__fullyQualifiedNamespace: "behaviours.servicebus.windows.net",
  FAASTEN_INBOX_WORK: "behaviours-test-work",
  FAASTEN_INBOX_WORK_IN_ORDER: "behaviours-test-work-in-order",
  FAASTEN_INBOX_WORK_TOGETHER: "behaviours-test-work-together",
  FAASTEN_INBOX_KEEP: "behaviours-test-keep",
};

/** What the library makes of a cookie's value: it encodes all that `encodeURIComponent` does. */
const encoded: Readonly<Record<string, Partial<Exchange>>> = {
  "several cookies, with attributes and odd values": {
    cookies: [
      "plain=1",
      "session=a%20b; Max-Age=3600; Path=/; HttpOnly; Secure; SameSite=Lax",
      "odd=x%3Dy%26z!~; Domain=example.com; Expires=Wed, 21 Oct 2037 07:28:00 GMT",
      "gone=; Max-Age=0",
    ],
  },
};

let built: BuiltApp;
let local: Reference;
let host: FunctionsHost;

beforeAll(async () => {
  built = buildApp("behaviours", "azure");
  local = await startReference();
  host = await startFunctionsHost(join(built.output, "app"), settings);
});

afterAll(async () => {
  host?.stop();
  await local.stop();
  remove(built.folder);
});

/** Without the id that the library puts on every reply for the host's proxy. */
async function send(request: HostRequest): Promise<HostReply> {
  const { headers, ...reply } = await sendTo(host.url, request);
  const { "x-ms-invocation-id": _, ...others } = headers;
  return { ...reply, headers: others };
}

describe("HTTP", () => {
  for (const exchange of exchanges) {
    test(exchange.name, async () => {
      const from = host.lines().length - 1;
      const reply = await send(exchange.request);
      const other = encoded[exchange.name];
      checkReply({ ...exchange, ...other }, reply, other ? undefined : await local.send(exchange.request));
      if (exchange.logged) await checkLog(host.lines, from, [exchange.logged]);
      expect(host.alive, "it is still the process that it was").toBe(true);
    });
  }

  for (const cut of cuts) {
    test(`cut off: ${cut.name}`, async () => {
      await checkCut(cut, host.url, host.lines);
      expect(host.alive, "it is still the process that it was").toBe(true);
    });
  }

  test("a reply that streams: its parts arrive apart", async () => {
    const gate = join(built.folder, "gate");
    const response = await fetch(`${host.url}/stream?gate=${encodeURIComponent(gate)}`);
    expect([response.status, response.headers.get("x-streamed")]).toEqual([200, "1"]);
    const parts: string[] = [];
    for await (const part of response.body ?? []) {
      parts.push(Buffer.from(part).toString());
      if (parts.length === 1) writeFileSync(gate, "");
    }
    expect(parts).toEqual(["first ", "second"]);
  });
});

describe("what only this host does", () => {
  test("a body whose length was not announced", async () => {
    const body = new ReadableStream({
      start(controller) {
        for (const part of ["[1,", "2]"]) controller.enqueue(Buffer.from(part));
        controller.close();
      },
    });
    const response = await fetch(`${host.url}/sum`, { method: "POST", body, duplex: "half" } as RequestInit);
    expect(await response.json()).toEqual({ sum: 3 });
  });

  test("of two requests at once, only the one that left a rejection alone fails", async () => {
    const replies = await Promise.all(
      ["/floats", "/slow", "/floats", "/slow"].map((target) => send({ method: "GET", target })),
    );
    expect(replies.map(({ status }) => status)).toEqual([500, 200, 500, 200]);
  });

  test("the trace of the caller goes on, else that of the host", async () => {
    const trace = "0af7651916cd43dd8448eb211c80319c";
    const from = lineCount();
    const headers = [["traceparent", `00-${trace}-b7ad6b7169203331-01`]] as const;
    await send({ method: "GET", target: "/throws", headers });
    await checkLog(host.lines, from, [{ message: "failed", trace }]);
    await send({ method: "GET", target: "/throws" });
    await checkLog(host.lines, from, [{ message: "failed", trace: traceParent.slice(3, 35) }]);
  });

  test("a worker that is told to end lets go of what it holds", async () => {
    const kept = buildKept("azure");
    const keeping = await startFunctionsHost(join(kept.output, "app"), { ...settings, ...kept.env });
    expect((await sendTo(keeping.url, { method: "PUT", target: "/keep" })).status).toBe(200);
    expect(kept.open()).toBe(true);
    await keeping.terminate();
    expect(kept.open()).toBe(false);
    keeping.stop();
    remove(kept.folder);
  });

  test("what a timer throws ends the worker, and the log says whose it was", async () => {
    const ending = await startFunctionsHost(join(built.output, "app"), settings);
    await sendTo(ending.url, { method: "GET", target: "/throws-later" }).catch(() => undefined);
    const message = "an error that nobody caught";
    await checkLog(ending.lines, 0, [{ message, function: "throwsLater" }]);
    ending.stop();
  });

  test("an app without the variables of its components does not start", async () => {
    const broken = buildKept("azure");
    await expect(startFunctionsHost(join(broken.output, "app"), settings)).rejects.toThrow(
      "the environment has no WHERE",
    );
    remove(broken.folder);
  });
});

describe("subscribers", () => {
  for (const delivery of deliveries) {
    test(delivery.name, async () => {
      const from = lineCount();
      const acknowledged = await host.deliver(delivery.to, toBus(delivery.message));
      await checkDelivery(delivery, acknowledged, host.lines, from);
      expect(host.alive, "it is still the process that it was").toBe(true);
    });
  }

  test("the broker's count of deliveries", async () => {
    const from = lineCount();
    await host.deliver("work", { ...toBus(ours("counted")), deliveryCount: 3 });
    await checkLog(host.lines, from, [{ message: "saw", event: "counted", attempt: 3 }]);
  });

  test("a queue for each, which the stack names; with sessions where the topic is ordered", () => {
    const triggers = host.functions.flatMap(({ name, bindings }) =>
      Object.values(bindings).flatMap(({ type, queueName, connection, isSessionsEnabled, dataType, cardinality }) =>
        type === "serviceBusTrigger" ? [{ name, queueName, connection, isSessionsEnabled, dataType, cardinality }] : [],
      ),
    );
    const common = { connection: "FAASTEN_CONNECTION_PUBSUB", dataType: "binary", cardinality: "one" };
    expect(triggers.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { name: "keep", queueName: "%FAASTEN_INBOX_KEEP%", isSessionsEnabled: false, ...common },
      { name: "work", queueName: "%FAASTEN_INBOX_WORK%", isSessionsEnabled: false, ...common },
      { name: "workInOrder", queueName: "%FAASTEN_INBOX_WORK_IN_ORDER%", isSessionsEnabled: true, ...common },
      { name: "workTogether", queueName: "%FAASTEN_INBOX_WORK_TOGETHER%", isSessionsEnabled: false, ...common },
    ]);
  });
});

describe("schedules", () => {
  // A day to come: one that is past would be made up for, up to now.
  const at = (time: string): TimerStatus => ({
    Last: "2099-11-20T01:00:00.004+00:00",
    Next: `2099-11-20T${time}+00:00`,
  });

  test("a timer that rings at an instant of the zone, and at the one that is none there", async () => {
    const from = lineCount();
    expect(await host.ring("nightly", { ...at("01:00:00"), Last: "0001-01-01T00:00:00" })).toBe(true);
    expect(host.lines().slice(from).join("\n")).not.toContain('"saw"');
    expect(await host.ring("nightly", at("02:00:00"))).toBe(true);
    const planned = "2099-11-20T02:00:00.000Z";
    await checkLog(host.lines, from, [{ message: "saw", event: `nightly/${planned}`, planned }]);
  });
});

describe("a request is no event", () => {
  for (const { name, body } of recordedEvents()) {
    test(`${name}, posted to an HTTP function, is a body`, async () => {
      const from = lineCount();
      const headers = [["content-type", "application/json"]] as const;
      const reply = await send({ method: "POST", target: "/echo/event", body, headers });
      expect(reply.status).toBe(200);
      expect(JSON.parse(Buffer.from(reply.body).toString())).toMatchObject({ method: "POST", text: body });
      expect(host.lines().slice(from).join("\n")).not.toContain('"saw"');
    });
  }
});

describe("the orders app", () => {
  const addresses = { app: "", control: "" };
  let orders: BuiltApp;
  let service: FunctionsHost;
  beforeAll(async () => {
    orders = buildApp("orders", "azure", { files: { "templates/orders/components/azure/memory.yaml": inMemory() } });
    service = await startFunctionsHost(join(orders.output, "app"), {
      "signing-key": "a key",
      MAX_QUANTITY: "50",
      FAASTEN_CONNECTION_PUBSUB__fullyQualifiedNamespace: "orders.servicebus.windows.net",
      FAASTEN_INBOX_AUDIT: "orders-test-audit",
      FAASTEN_INBOX_SHIP: "orders-test-ship",
      FAASTEN_INBOX_SUMMARISE: "orders-test-summarise",
    });
    addresses.app = service.url;
  });
  afterAll(() => {
    service?.stop();
    if (orders) remove(orders.folder);
  });
  for (const { name, run } of scenario(addresses).http) test(name, run);
});

describe("what is deployed", () => {
  test("one function app, with Azure's library in the bundle and the worker's own module outside", () => {
    const folder = join(built.output, "app");
    expect(readdirSync(folder).sort()).toEqual(["host.json", "index.mjs", "index.mjs.map", "package.json"]);
    expect(read(join(folder, "package.json"))).toEqual({ private: true, type: "module", main: "index.mjs" });
    const bundle = readFileSync(join(folder, "index.mjs"), "utf8");
    expect([...bundle.matchAll(/"(@azure\/[^"]+)"/g)].map(([, name]) => name)).toContain("@azure/functions-core");
    expect(bundle).not.toMatch(/(?:from|require\()"@azure\/functions"/);
  });

  test("one function for all requests, and one for each other", () => {
    const names = ["http-functions", "work", "workInOrder", "workTogether", "keep", "nightly"];
    expect(host.functions.map(({ name }) => name).sort()).toEqual(names.sort());
  });
});

function lineCount(): number {
  return host.lines().length - 1;
}

function toBus({ id, body, attempt, order }: Message): BusMessage {
  return {
    messageId: id,
    body: Buffer.from(body),
    ...(attempt !== undefined && { deliveryCount: attempt }),
    ...(order !== undefined && { sessionId: order }),
  };
}

function ours(id: string): Message {
  const event = { specversion: "1.0", id, source: "elsewhere", type: "task.made", data: { do: "done", key: "k" } };
  return { id: "another", body: JSON.stringify(event) };
}

/** What is tried here is the host. */
function inMemory(): string {
  const stores = ["orders", "stock", "summaries", "idempotency"];
  const types = { ...Object.fromEntries(stores.map((name) => [name, "state.in-memory"])), pubsub: "pubsub.in-memory" };
  return Object.entries({
    ...types,
    secretstore: "secretstores.local.env",
    configstore: "configuration.local.env",
    receipts: "bindings.localstorage",
  })
    .map(
      ([name, type]) => `apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: ${name} }
spec: { type: ${type}, version: v1 }
`,
    )
    .join("---\n");
}

/** Our own fixtures, and those of other vendors where they lie beside the repository. */
function recordedEvents(): readonly { readonly name: string; readonly body: string }[] {
  const own = ["service-bus", "timer"].flatMap((file) =>
    (read(new URL(`../fixtures/azure/${file}.json`, import.meta.url)) as readonly { readonly name: string }[]).map(
      (recorded) => ({ name: recorded.name, body: JSON.stringify(recorded) }),
    ),
  );
  const vendors = new URL("../../../shared/events/", import.meta.url);
  if (!existsSync(vendors)) {
    console.log("skipped: the vendors' recorded events do not lie beside the repository");
    return own;
  }
  const files = readdirSync(vendors, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"));
  return [...own, ...files.map((name) => ({ name, body: readFileSync(new URL(name, vendors), "utf8") }))];
}

function read(file: string | URL): unknown {
  return JSON.parse(readFileSync(file, "utf8"));
}
