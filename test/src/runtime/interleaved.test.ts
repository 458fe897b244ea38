// Two hundred invocations at once in one process: each keeps its own trace, grants, clients, secrets and deadline.
import { expect, test } from "vitest";
import { createOn } from "../../../providers/local/state/in-memory.ts";
import { secret } from "../../../src/blocks/secret.ts";
import { state } from "../../../src/blocks/state.ts";
import type { CloudEvent } from "../../../src/contracts/event.ts";
import type { Definition, Grant } from "../../../src/contracts/function.ts";
import type { Served } from "../../../src/contracts/provider.ts";
import type { Arrival, Call, Outcome } from "../../../src/contracts/trigger.ts";
import { FaastenError } from "../../../src/errors.ts";
import type { Context } from "../../../src/functions/context.ts";
import * as http from "../../../src/functions/http.ts";
import { schedule } from "../../../src/functions/schedule.ts";
import { topic } from "../../../src/functions/topic.ts";
import { toRequest } from "../../../src/runtime/request.ts";
import { bound, call, run, trigger } from "./stand-ins.ts";

const orders = state<{ by: string }>("orders");
const stock = state<{ by: string }>("stock");
const placed = topic<{ n: number }>("placed");

/** What one run saw of itself, while all others had their turns. */
interface Seen {
  readonly function: string;
  readonly traces: ReadonlySet<string>;
  readonly deadlines: ReadonlySet<number>;
  readonly clients: ReadonlySet<unknown>;
  readonly aborted: boolean;
}

test("two hundred interleaved invocations keep what is theirs", async () => {
  const seen = new Map<number, Seen>();
  const published: CloudEvent[] = [];
  let inside = 0;
  let most = 0;

  async function watch(n: number, name: string, context: Context, use: () => Promise<unknown>): Promise<void> {
    const [traces, deadlines, clients] = [new Set<string>(), new Set<number>(), new Set<unknown>()];
    most = Math.max(most, ++inside);
    for (let round = 0; round < 4; round++) {
      await new Promise((resume) => setTimeout(resume, Math.random() * 10));
      traces.add(context.trace.traceparent);
      deadlines.add(context.deadline);
      clients.add(await use());
      context.log.info(`run ${n}`, { n });
    }
    inside -= 1;
    seen.set(n, { function: name, traces, deadlines, clients, aborted: context.signal.aborted });
  }

  const definitions: Readonly<Record<string, Definition>> = {
    place: http.post(
      "/orders/:n",
      { uses: { orders: orders.readWrite, placed: placed.publish } },
      async (_request, context) => {
        const n = Number(context.params.n);
        await watch(n, "place", context, async () => {
          await context.orders.set(`order-${n}`, { by: context.trace.id });
          await context.placed.publish({ n });
          return context.orders;
        });
        return Response.json({ n });
      },
    ),
    ship: placed.subscribe({ uses: { stock: stock.readWrite } }, async (event, context) => {
      const { n } = event.data;
      await watch(n, "ship", context, async () => {
        await context.stock.set(`stock-${n}`, { by: context.trace.id });
        return context.stock;
      });
      if (n % 10 === 1) event.dead(`dead ${n}`);
    }),
    sweep: schedule("0 3 * * *", { uses: { key: secret("api-key") } }, async (tick, context) => {
      const n = tick.time.getTime();
      await watch(n, "sweep", context, async () => {
        expect(await context.key.get()).toBe("hunter22");
        context.log.info(`the key is ${await context.key.get()}`);
        return context.key;
      });
    }),
    /** Takes too long: its signal is the only one that fires. */
    late: http.get("/late/:n", async (_request, context) => {
      await watch(Number(context.params.n), "late", context, async () => context.caller);
      await new Promise((resume) => context.signal.addEventListener("abort", resume));
      context.log.info(`late ${context.params.n}`, { aborted: context.signal.aborted });
      return new Promise(() => {});
    }),
  };
  const functions = Object.entries(definitions).map(
    ([name, definition]): Served => ({ name, definition, triggers: [trigger] }),
  );
  const data = { metadata: {}, service: "tests" };
  const stores = {
    orders: createOn(new Map(), { ...data, name: "orders" }),
    stock: createOn(new Map(), { ...data, name: "stock" }),
  };
  const { runner, lines } = run(functions, {
    orders: bound(stores.orders),
    stock: bound(stores.stock),
    pubsub: bound({ publish: async (_topic: string, event: CloudEvent) => void published.push(event) }),
    secretstore: bound({ get: async (name: string) => ({ [name]: "hunter22" }) }),
  });

  const base = Date.now() + 60_000;
  const calls = Array.from({ length: 200 }, (_, n) => {
    const name = ["place", "ship", "sweep", "late"][n % 4] ?? "";
    const traceparent = `00-${n.toString(16).padStart(32, "a")}-${"b".repeat(16)}-01`;
    const made: Call<readonly Arrival[]> = {
      ...call([arrivalOf(name, n)], name === "late" ? Date.now() + 1500 : base + n),
      traceparent,
    };
    return { n, name, made, trace: traceparent.slice(3, 35) };
  });
  const results = await Promise.all(
    calls.map(async ({ name, made }) => {
      const served = functions.find((each) => each.name === name);
      const [outcome] = served ? ((await runner.run(served, made)) as Outcome[]) : [];
      return outcome?.kind === "reply"
        ? { status: outcome.response.status, body: await outcome.response.json() }
        : outcome;
    }),
  );

  expect(most).toBe(200);
  expect(new Set([...seen.values()].flatMap(({ clients }) => [...clients])).size).toBe(151);
  for (const [index, { n, name, made, trace }] of calls.entries()) {
    const own = seen.get(n);
    expect(own).toMatchObject({ function: name });
    expect([...(own?.deadlines ?? [])]).toEqual([made.deadline]);
    expect([...(own?.traces ?? [])].map((traceparent) => traceparent.slice(3, 35))).toEqual([trace]);
    expect(own?.clients.size).toBe(1);
    const ofRun = lines.filter((line) => line["message"] === `run ${n}`);
    expect(ofRun).toHaveLength(4);
    for (const line of ofRun) expect(line).toMatchObject({ function: name, invocation: made.id, trace, n });
    const result = results[index];
    if (name === "place") expect(result).toEqual({ status: 200, body: { n } });
    if (name === "late") expect(result).toMatchObject({ status: 504, body: { code: "TIMEOUT", instance: made.id } });
    if (name === "sweep") expect(result).toEqual({ kind: "done" });
    if (name === "ship")
      expect(result).toEqual(n % 10 === 1 ? { kind: "dead", reason: `dead ${n}` } : { kind: "done" });
    const key = name === "place" ? `order-${n}` : `stock-${n}`;
    const stored = name === "place" ? await stores.orders.get(key) : await stores.stock.get(key);
    expect(stored?.value).toEqual(
      name === "place" || name === "ship" ? { json: JSON.stringify({ by: trace }) } : undefined,
    );
  }
  for (const event of published) {
    const { n } = JSON.parse(event.data && "json" in event.data ? event.data.json : "") as { n: number };
    expect(String(event.extensions?.["traceparent"]).slice(3, 35)).toBe(calls[n]?.trace);
  }
  expect(published).toHaveLength(200);
  expect(lines.filter(({ message }) => String(message).startsWith("late "))).toHaveLength(50);
  expect(JSON.stringify(lines)).not.toContain("hunter22");
});

test("no run gets at what another function of the same app was granted", async () => {
  const foreign: readonly Grant[] = [orders.readWrite, orders.read, placed.publish, secret("api-key")];
  const refusals: unknown[] = [];
  const owner = http.get(
    "/",
    { uses: { orders: orders.readWrite, placed: placed.publish, key: secret("api-key") } },
    () => new Response(),
  );
  const thief: Definition = {
    ...schedule("0 4 * * *", () => {}),
    async settle(_arrival, invocation) {
      for (const grant of foreign) {
        try {
          refusals.push(invocation.open(grant));
        } catch (error) {
          refusals.push(error instanceof FaastenError && error.code);
        }
      }
      return { kind: "done" };
    },
  };
  const served: readonly Served[] = [
    { name: "owner", definition: owner, triggers: [trigger] },
    { name: "thief", definition: thief, triggers: [trigger] },
  ];
  const { runner } = run(served, { orders: bound({}), pubsub: bound({}), secretstore: bound({}) });
  await Promise.all(
    served.map((each) => runner.run(each, call([arrivalOf(each.name === "owner" ? "late" : "sweep", 1)]))),
  );
  expect(refusals).toEqual(foreign.map(() => "NOT_GRANTED"));
});

function arrivalOf(name: string, n: number): Arrival {
  if (name === "place" || name === "late") {
    const path = name === "place" ? `/orders/${n}` : `/late/${n}`;
    const method = name === "place" ? "POST" : "GET";
    return {
      kind: "request",
      path,
      request: toRequest({ method, url: () => `http://h${path}`, headers: {}, body: undefined }),
    };
  }
  const common = { specversion: "1.0", id: `e-${n}`, source: "tests", type: "t" } as const;
  if (name === "ship") return { kind: "event", event: { ...common, data: { json: JSON.stringify({ n }) } } };
  return { kind: "event", event: { ...common, time: new Date(n).toISOString() } };
}
