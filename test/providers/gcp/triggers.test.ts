// What Google posts, as arrivals; and what became of them, as a status.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Push } from "../../../providers/gcp/push.ts";
import { trigger as eventarc } from "../../../providers/gcp/triggers/eventarc.ts";
import { trigger as http } from "../../../providers/gcp/triggers/http.ts";
import { trigger as pubsubPush } from "../../../providers/gcp/triggers/pubsub-push.ts";
import { trigger as scheduler } from "../../../providers/gcp/triggers/scheduler.ts";
import { trigger as storagePush } from "../../../providers/gcp/triggers/storage-push.ts";
import type { Arrival, Call, Outcome } from "../../../src/provider.ts";

interface Recorded {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Bytes are `{ base64 }`. */
  readonly arrivals: readonly unknown[];
}

const tables = [
  { trigger: pubsubPush, file: "pubsub-push" },
  { trigger: scheduler, file: "scheduler" },
  { trigger: storagePush, file: "storage-push" },
  { trigger: eventarc, file: "eventarc" },
] as const;

for (const { trigger, file } of tables) {
  describe(trigger.name, () => {
    for (const recorded of read(file)) {
      test(recorded.name, async () => {
        const call = callOf(recorded);
        expect(trigger.accepts(call.payload)).toBe(true);
        expect(withoutBytes(await trigger.decode(call))).toEqual(recorded.arrivals);
      });
    }

    test.each<[string, readonly Outcome[], number]>([
      ["done, or buried", [{ kind: "done" }], 204],
      ["dropped", [{ kind: "drop", reason: "" }], 204],
      ["to come again", [{ kind: "retry", reason: "" }], 503],
      ["to come again later", [{ kind: "retry", notBefore: 1, reason: "" }], 503],
      ["dead, and stored by nobody", [{ kind: "dead", reason: "" }], trigger === scheduler ? 204 : 503],
      ["nothing", [], trigger === storagePush || trigger === eventarc ? 204 : 503],
    ])("%s", async (_name, outcomes, status) => {
      const call = callOf({ name: "", headers: {}, body: "", arrivals: [] });
      expect(await trigger.encode(outcomes, call)).toEqual({ status, headers: [], cookies: [], body: undefined });
    });
  });
}

const vendor = new URL("../../../../shared/events/gcp/", import.meta.url);
if (!existsSync(vendor)) console.log("skipped: the vendor's recorded events do not lie beside the repository");

describe.runIf(existsSync(vendor))("Google's own recorded events, in every content mode", () => {
  const files = (folder: string): readonly string[] =>
    readdirSync(new URL(folder, vendor), { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".json"),
    );
  const text = (name: string): string => readFileSync(new URL(name, vendor), "utf8");
  /** Of an Eventarc trigger whose data that is. */
  const about = (name: string): Readonly<Record<string, string>> => {
    const [service = ""] = name.split("/");
    const types: Readonly<Record<string, string>> = {
      audit: "google.cloud.audit.log.v1.written",
      firestore: "google.cloud.firestore.document.v1.written",
      pubsub: "google.cloud.pubsub.topic.v1.messagePublished",
      scheduler: "google.cloud.scheduler.job.v1.executed",
      storage: "google.cloud.storage.object.v1.finalized",
    };
    return {
      specversion: "1.0",
      id: "7001",
      source: `//${service}.googleapis.com/projects/p`,
      type: types[service] ?? "",
    };
  };
  const decoded = async (headers: Recorded["headers"], body: string): Promise<readonly Arrival[]> => {
    const call = callOf({ name: "", headers, body, arrivals: [] });
    expect(eventarc.accepts(call.payload)).toBe(true);
    return eventarc.decode(call);
  };
  const structured = { "content-type": "application/cloudevents+json" };
  const batched = { "content-type": "application/cloudevents-batch+json" };
  const changed = /^storage\//;

  test.each(files("binary/"))("%s", async (name) => {
    const data = text(`binary/${name}`);
    const attributes = about(name);
    const headers = Object.fromEntries(Object.entries(attributes).map(([key, value]) => [`ce-${key}`, value]));
    const [binary, ...others] = await decoded({ ...headers, "content-type": "application/json" }, data);
    expect(others).toEqual([]);
    if (binary?.kind !== "event") throw new Error(`${name} is ${binary?.kind}`);
    const told = binary.event.data && "json" in binary.event.data ? JSON.parse(binary.event.data.json) : undefined;
    const object = JSON.parse(data) as { readonly name: string; readonly size: string };
    expect(told).toEqual(
      changed.test(name) ? { change: "created", key: object.name, size: Number(object.size) } : JSON.parse(data),
    );
    const whole = JSON.stringify({ ...attributes, datacontenttype: "application/json" }).slice(0, -1);
    const event = `${whole},"data":${data}}`;
    const inBase64 = `${whole},"data_base64":"${Buffer.from(data).toString("base64")}"}`;
    for (const [mode, body, count] of [
      [structured, event, 1],
      [structured, inBase64, 1],
      [batched, `[${event},${inBase64}]`, 2],
    ] as const) {
      const arrivals = await decoded(mode, body);
      expect(arrivals.map(parsedData)).toEqual(Array.from({ length: count }, () => parsedData(binary)));
    }
  });

  test.each(files("structured/"))("%s", async (name) => {
    const body = text(`structured/${name}`);
    const { type, data } = JSON.parse(body) as { readonly type: string; readonly data: { readonly name: string } };
    const [one] = await decoded(structured, body);
    const storage = type.includes(".storage.");
    expect(parsedData(one as Arrival)).toMatchObject({
      kind: "event",
      event: storage
        ? { type: "object.created", data: { change: "created", key: data.name, size: 0 } }
        : { type, data },
    });
    expect((await decoded(batched, `[${body}]`)).map(parsedData)).toEqual([parsedData(one as Arrival)]);
  });

  test.each(files("data/"))("%s, posted by a subscription", async (name) => {
    const call = callOf({
      name,
      headers: { "content-type": "application/json" },
      body: text(`data/${name}`),
      arrivals: [],
    });
    const [arrival] = await pubsubPush.decode(call);
    const { message } = JSON.parse(text(`data/${name}`)) as { readonly message: Readonly<Record<string, unknown>> };
    expect(arrival).toMatchObject({
      kind: "event",
      event: {
        id: message["messageId"],
        time: message["publishTime"],
        ...(message["attributes"] ? { extensions: message["attributes"] } : {}),
      },
    });
  });
});

/** JSON or the bytes of JSON: what a function sees of both is the same. */
function parsedData(arrival: Arrival): unknown {
  if (arrival.kind !== "event" || !arrival.event.data) return arrival;
  const { data } = arrival.event;
  const text = "json" in data ? data.json : Buffer.from(data.bytes).toString();
  return { ...arrival, event: { ...arrival.event, data: JSON.parse(text) } };
}

test("of a bucket, an event of Eventarc's and a notification are told apart", () => {
  const payload = ({ headers, body }: Recorded) => callOf({ name: "", headers, body, arrivals: [] }).payload;
  expect(read("eventarc").every((one) => eventarc.accepts(payload(one)))).toBe(true);
  expect(read("storage-push").some((one) => eventarc.accepts(payload(one)))).toBe(false);
});

describe(http.name, () => {
  test("no push is a request", () => {
    expect(http.accepts(callOf({ name: "", headers: {}, body: "", arrivals: [] }).payload)).toBe(false);
    expect(pubsubPush.accepts({ request: new Request("http://x/"), path: "/" })).toBe(false);
  });
  test("what is no reply is an error", async () => {
    const call = { id: "1", payload: { request: new Request("http://x/"), path: "/" }, context: {}, deadline: 0 };
    expect((await http.encode([{ kind: "done" }], call)).status).toBe(500);
  });
});

function read(file: string): readonly Recorded[] {
  return JSON.parse(readFileSync(new URL(`../../fixtures/gcp/${file}.json`, import.meta.url), "utf8"));
}

function callOf({ headers, body }: Recorded): Call<Push> {
  const payload: Push = { service: "orders", function: "countOrders", headers, body: new TextEncoder().encode(body) };
  return { id: "1", payload, context: {}, deadline: Number.POSITIVE_INFINITY };
}

function withoutBytes(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutBytes);
  if ("bytes" in value) return { base64: Buffer.from(value.bytes as Uint8Array).toString("base64") };
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutBytes(member)]));
}
