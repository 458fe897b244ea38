// Bundles in Google's real functions framework, driven by plain HTTP as the platform drives it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BuiltApp, buildApp } from "../build/built.ts";
import { remove } from "../dev/running.ts";
import { scenario } from "../portable/scenario.ts";
import { cuts, deliveries, exchanges, type HostReply, type Message } from "./behaviours.ts";
import { checkCut, checkDelivery, checkLog, checkReply } from "./checks.ts";
import { authorization, type Framework, startFramework } from "./functions-framework.ts";
import { buildKept } from "./kept.ts";
import { type Reference, startReference } from "./reference.ts";
import { sendTo } from "./requests.ts";

let built: BuiltApp;
let local: Reference;
let web: Framework;
const services = new Map<string, Framework>();

beforeAll(async () => {
  built = buildApp("behaviours", "gcp");
  [local, web] = await Promise.all([
    startReference(),
    startFramework(join(built.output, "functions/http"), { timeout: 4 }),
  ]);
});

afterAll(async () => {
  await Promise.all([web, ...services.values()].map((service) => service?.stop()));
  await local?.stop();
  remove(built.folder);
});

/** The service of one event function. */
async function serviceOf(name: string): Promise<Framework> {
  const known = services.get(name) ?? (await startFramework(join(built.output, "functions", name)));
  services.set(name, known);
  return known;
}

/** Where the framework answers before any function of ours is called. */
const refusedByTheFramework: ReadonlySet<string> = new Set([
  "JSON that is none",
  "a path with broken percent-encoding",
]);

describe("HTTP functions", () => {
  for (const exchange of exchanges) {
    test(exchange.name, async () => {
      const from = web.lines().length;
      const [reply, reference] = await Promise.all([
        sendTo(web.origin, exchange.request),
        local.send(exchange.request),
      ]);
      checkReply(exchange, reference, undefined);
      if (refusedByTheFramework.has(exchange.name)) {
        expect(reply.status).toBe(exchange.status);
        expect(reply.headers["content-type"]).toMatch(/^text\/html/);
        return;
      }
      checkReply(exchange, reply, reference);
      await checkLog(web.lines, from, exchange.logged ? [exchange.logged] : []);
      expect(web.ended()).toBeNull();
    });
  }

  for (const cut of cuts) {
    test(`cut off: ${cut.name}`, async () => {
      await checkCut(cut, web.origin, web.lines);
      expect(web.ended()).toBeNull();
    });
  }

  test("a reply that streams: its parts arrive apart", async () => {
    const gate = join(built.folder, "gate");
    const parts = await new Promise<readonly string[]>((resolve, reject) => {
      get(`${web.origin}/stream?gate=${encodeURIComponent(gate)}`, (response) => {
        const seen: string[] = [];
        response.on("data", (part: Buffer) => {
          seen.push(part.toString());
          if (seen.length === 1) writeFileSync(gate, "");
        });
        response.on("end", () => resolve(seen));
      }).on("error", reject);
    });
    expect(parts).toEqual(["first ", "second"]);
  });
});

describe("what only this host does", () => {
  test("the framework takes objects and arrays for JSON, and nothing else", async () => {
    const reply = await post(web, '"a text"', { "content-type": "application/json" }, "/echo/json");
    expect(reply.status).toBe(400);
    expect(reply.headers["content-type"]).toMatch(/^text\/html/);
    expect((await post(web, '"a text"', { "content-type": "application/x+json" }, "/echo/json")).status).toBe(200);
  });

  test("a body that was compressed arrives as the framework has decoded it, and says so", async () => {
    const body = gzipSync("[1, 2]");
    const headers = [
      ["content-type", "application/json"],
      ["content-encoding", "gzip"],
    ] as const;
    const reply = await sendTo(web.origin, { method: "POST", target: "/sum", body, headers });
    expect(JSON.parse(Buffer.from(reply.body).toString())).toEqual({ sum: 3 });
  });

  test("of two requests at once, only the one that left a rejection alone fails", async () => {
    const send = (target: string) => sendTo(web.origin, { method: "GET", target });
    const replies = await Promise.all(["/floats", "/slow", "/floats", "/slow"].map(send));
    expect(replies.map(({ status }) => status)).toEqual([500, 200, 500, 200]);
  });

  test("what a timer throws fails no more than its request", async () => {
    const from = web.lines().length;
    const reply = await sendTo(web.origin, { method: "GET", target: "/throws-later" });
    expect(reply.status).toBe(500);
    expect(Buffer.from(reply.body).toString()).not.toContain("out of a timer");
    await checkLog(web.lines, from, [{ message: "an error that nobody caught", function: "throwsLater" }]);
    expect(web.ended()).toBeNull();
  });

  test("the trace of the caller goes on", async () => {
    const trace = "0af7651916cd43dd8448eb211c80319c";
    const headers = [["traceparent", `00-${trace}-b7ad6b7169203331-01`]] as const;
    const from = web.lines().length;
    await sendTo(web.origin, { method: "GET", target: "/throws", headers });
    await checkLog(web.lines, from, [{ message: "failed", trace }]);
  });

  test("an instance that is told to end lets go of what it holds, and ends as the framework would", async () => {
    const kept = buildKept("gcp");
    const service = await startFramework(join(kept.output, "functions/http"), { env: kept.env });
    expect((await sendTo(service.origin, { method: "PUT", target: "/keep" })).status).toBe(200);
    expect(kept.open()).toBe(true);
    service.signal("SIGTERM");
    await expect.poll(() => service.ended(), { timeout: 15_000 }).toBe(0);
    expect(kept.open()).toBe(false);
    remove(kept.folder);
  });

  test("a line of the log has the severity that Google's log reads, whatever a field is called", async () => {
    const from = web.lines().length;
    await sendTo(web.origin, { method: "GET", target: "/severities" });
    await checkLog(
      web.lines,
      from,
      Object.entries({ debug: "DEBUG", info: "INFO", warn: "WARNING", error: "ERROR" }).map(([level, severity]) => ({
        level,
        severity,
        message: "a line",
        function: "severities",
      })),
    );
  });

  test("nothing loads undici on the way to a reply, nor to an acknowledgement", async () => {
    const probe = join(built.folder, "probe.cjs");
    const print = 'console.log("undici " + process.moduleLoadList.some((name) => name.includes("undici/undici")))';
    writeFileSync(probe, `process.on("SIGUSR2", () => ${print});`);
    const env = { NODE_OPTIONS: `--require=${probe}` };
    for (const [name, send] of [
      ["http", (service: Framework) => post(service, "[1]", { "content-type": "application/json" }, "/sum")],
      ["work", (service: Framework) => post(service, push(ours), pushed)],
    ] as const) {
      const service = await startFramework(join(built.output, "functions", name), { env });
      try {
        expect((await send(service)).status).toBeLessThan(300);
        service.signal("SIGUSR2");
        await expect.poll(() => service.lines().join("\n"), { timeout: 15_000 }).toContain("undici ");
        expect(service.lines()).toContain("undici false");
      } finally {
        await service.stop();
      }
    }
  });
});

const pushed = { "content-type": "application/json", authorization } as const;
const ours: Message = { id: "1", body: '{"do":"done","key":"k"}' };

/** As a push subscription posts it. https://docs.cloud.google.com/pubsub/docs/push */
function push({ id, body, attempt, order }: Message): string {
  return JSON.stringify({
    message: {
      messageId: id,
      message_id: id,
      publishTime: "2026-11-20T20:00:00.123Z",
      ...(body.length > 0 && { data: Buffer.from(body).toString("base64") }),
      ...(order !== undefined && { orderingKey: order }),
    },
    subscription: "projects/p/subscriptions/s",
    ...(attempt !== undefined && { deliveryAttempt: attempt }),
  });
}

describe("subscribers", () => {
  for (const delivery of deliveries) {
    test(delivery.name, async () => {
      const service = await serviceOf(delivery.to);
      const from = service.lines().length;
      const reply = await post(service, push(delivery.message), pushed);
      expect([204, 503]).toContain(reply.status);
      await checkDelivery(delivery, reply.status === 204, service.lines, from);
      expect(service.ended()).toBeNull();
    });
  }

  test("what is no push is not acknowledged, and reaches no handler", async () => {
    const service = await serviceOf("work");
    const from = service.lines().length;
    const reply = await post(service, '{"message":{}}', pushed);
    expect(reply.status).toBe(503);
    await checkLog(service.lines, from, [{ message: "dead", function: "work" }]);
    expect(service.lines().slice(from).join("\n")).not.toContain('"saw"');
    expect((await sendTo(service.origin, { method: "GET", target: "/" })).status).toBe(405);
  });
});

test("what comes with another's token, or with none, is not acknowledged, and reaches no handler", async () => {
  const service = await serviceOf("work");
  const from = service.lines().length;
  const [head = "", , tail = ""] = authorization.split(".");
  const foreign = `${head}.${Buffer.from('{"aud":"https://other.example"}').toString("base64url")}.${tail}`;
  for (const headers of [{}, { authorization: foreign }])
    expect((await post(service, push(ours), { "content-type": "application/json", ...headers })).status).toBe(401);
  await checkLog(service.lines, from, [{ message: "a push was refused" }, { message: "a push was refused" }]);
  expect(service.lines().slice(from).join("\n")).not.toContain('"saw"');
});

describe("schedules", () => {
  test("a run of the job, with the planned instant", async () => {
    const service = await serviceOf("nightly");
    const from = service.lines().length;
    const reply = await post(service, "", {
      "x-cloudscheduler": "true",
      "x-cloudscheduler-jobname": "behaviours-dev-nightly",
      "x-cloudscheduler-scheduletime": "2026-11-20T03:00:00+01:00",
      "content-type": "application/octet-stream",
      authorization,
    });
    expect(reply.status).toBe(204);
    const planned = "2026-11-20T02:00:00.000Z";
    await checkLog(service.lines, from, [{ message: "saw", event: `nightly/${planned}`, planned }]);
  });
});

describe("a request is no event", () => {
  for (const { name, body } of recordedEvents()) {
    test(`${name}, posted to an HTTP function, is a body`, async () => {
      const from = web.lines().length;
      const headers = [
        ["content-type", holdsJson(body) ? "application/json" : "text/plain"],
        ["x-cloudscheduler", "true"],
        ["x-cloudscheduler-scheduletime", "2026-11-20T03:00:00Z"],
        ["x-goog-pubsub-message-id", "1"],
        ["ce-specversion", "1.0"],
      ] as const;
      const reply = await sendTo(web.origin, { method: "POST", target: "/echo/event", body, headers });
      expect(reply.status).toBe(200);
      expect(JSON.parse(Buffer.from(reply.body).toString())).toMatchObject({ method: "POST", text: body });
      expect(web.lines().slice(from).join("\n")).not.toContain('"saw"');
    });
  }
});

describe("the orders app", () => {
  const addresses = { app: "", control: "" };
  let orders: BuiltApp;
  let service: Framework;
  beforeAll(async () => {
    orders = buildApp("orders", "gcp", { files: { "templates/orders/components/gcp/local.yaml": ofThisMachine } });
    const env = { "signing-key": "a key", MAX_QUANTITY: "50" };
    service = await startFramework(join(orders.output, "functions/http"), { env });
    addresses.app = service.origin;
  });
  afterAll(async () => {
    await service?.stop();
    if (orders) remove(orders.folder);
  });
  for (const { name, run } of scenario(addresses).http) test(name, run);
});

describe("what is deployed", () => {
  test("a plain handler of two parameters, without the framework", async () => {
    const folder = join(built.output, "functions/http");
    const { handler } = (await import(pathToFileURL(join(folder, "index.mjs")).href)) as { handler: Function };
    expect(handler.length).toBe(2);
    expect(readdirSync(folder).sort()).toEqual(["index.mjs", "index.mjs.map", "package.json"]);
    expect(JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))).toEqual({
      private: true,
      type: "module",
      main: "index.mjs",
      dependencies: { "@google-cloud/functions-framework": "5.0.5", "google-auth-library": "^11.3.4" },
    });
    expect(readFileSync(join(folder, "index.mjs"), "utf8")).not.toContain("functions-framework");
  });

  test("one service for all HTTP functions, one for each other", () => {
    expect(
      readdirSync(join(built.output, "functions"))
        .filter((name) => !name.endsWith(".zip"))
        .sort(),
    ).toEqual(["http", "keep", "nightly", "work", "workInOrder", "workTogether"].sort());
  });
});

/** What one service can answer for by itself. */
const ofThisMachine = [
  ...["orders", "stock", "summaries", "idempotency"].map((name) => [name, "state.in-memory"]),
  ["pubsub", "pubsub.in-memory"],
  ["receipts", "bindings.in-memory"],
  ["configstore", "configuration.local.env"],
  ["secretstore", "secretstores.local.env"],
]
  .map(
    ([name, type]) => `apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: ${name} }
spec: { type: ${type}, version: v1 }
`,
  )
  .join("---\n");

function post(
  { origin }: Framework,
  body: string,
  headers: Readonly<Record<string, string>>,
  target = "/",
): Promise<HostReply> {
  return sendTo(origin, { method: "POST", target, body, headers: Object.entries(headers) });
}

/** What the framework takes for JSON. */
function holdsJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}

/** Our own fixtures, and those of the vendor where they lie beside the repository. */
function recordedEvents(): readonly { readonly name: string; readonly body: string }[] {
  const own = ["eventarc", "pubsub-push", "scheduler", "storage-push"].flatMap((file) =>
    (read(new URL(`../fixtures/gcp/${file}.json`, import.meta.url)) as readonly Recorded[]).map(({ name, body }) => ({
      name,
      body,
    })),
  );
  const vendor = new URL("../../../shared/events/gcp/", import.meta.url);
  if (!existsSync(vendor)) {
    console.log("skipped: the vendor's recorded events do not lie beside the repository");
    return own;
  }
  const files = readdirSync(vendor, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"));
  return [...own, ...files.map((name) => ({ name, body: readFileSync(new URL(name, vendor), "utf8") }))];
}

interface Recorded {
  readonly name: string;
  readonly body: string;
}

function read(file: URL): unknown {
  return JSON.parse(readFileSync(file, "utf8"));
}
