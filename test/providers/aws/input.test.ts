// Inputs of bindings, from what a service tells to the handler: the emitted rule lets it through, and the function's own bundle takes it.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { create as createEventBridge } from "../../../providers/aws/bindings/eventbridge.ts";
import { create as createS3 } from "../../../providers/aws/bindings/s3.ts";
import { type BuiltApp, buildApp } from "../../build/built.ts";
import { remove } from "../../dev/running.ts";
import { startAwsJson } from "../../servers/aws-json.ts";
import { startS3 } from "../../servers/s3.ts";
import { sqsEvent } from "../../servers/sqs-event.ts";
import { at, read } from "./stack/template.ts";

const files = {
  "serverless.yml":
    "service: shop\nprovider: { name: aws, runtime: nodejs22.x }\ncustom: { faasten: { entry: [src/app.ts] } }\n",
  "components/aws/all.yaml": `
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: jobs }
spec: { type: bindings.aws.sqs, version: v1, metadata: [] }
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: bus }
spec:
  type: bindings.aws.eventbridge
  version: v1
  metadata: [{ name: pattern, value: '{"detail-type": ["placed"], "source": ["shop"]}' }]
`,
  "src/app.ts": `
import { binding } from "faasten";
const seen = globalThis.seenByInputs ??= [];
const tell = (name) => (event) => {
  if (event.data?.key === "bad") throw new Error("no luck");
  seen.push([name, event.type, event.data, event.attempt]);
};
export const uploaded = binding("uploads").input(tell("uploaded"));
export const worked = binding("jobs").input(tell("worked"));
export const heard = binding("bus").input(tell("heard"));
`,
};
const access = { region: "eu-west-1", accessKey: "key", secretKey: "secret" };
const seen: unknown[] = [];
let built: BuiltApp;
beforeAll(() => {
  Object.assign(globalThis, { seenByInputs: seen });
  built = buildApp("none", "aws", { files });
}, 120_000);
afterAll(() => remove(built.folder));

async function invoke(name: string, event: unknown): Promise<unknown> {
  const { handler } = (await import(pathToFileURL(join(built.output, "functions", name, "index.mjs")).href)) as {
    readonly handler: (event: unknown, context: object) => Promise<unknown>;
  };
  return handler(event, { awsRequestId: "1", getRemainingTimeInMillis: () => 5000 });
}

/** As far as the patterns here go: each leaf is a list of values. */
function lets(pattern: unknown, event: unknown): boolean {
  if (Array.isArray(pattern)) return pattern.includes(event);
  return Object.entries(Object(pattern)).every(([key, inner]) => lets(inner, Object(event)[key]));
}
const patternOf = (rule: string, bucket = ""): unknown =>
  JSON.parse(
    JSON.stringify(at(read(built.output).Resources[rule]?.Properties, "EventPattern")).replace(
      '{"Ref":"UploadsBucket"}',
      JSON.stringify(bucket),
    ),
  );

describe("of a bucket", () => {
  test("what is created and deleted is told, of that bucket alone, and what fails comes again", async () => {
    const server = await startS3({ region: access.region, secretOf: () => "secret" });
    const metadata = { ...access, endpoint: server.url };
    for (const bucket of ["uploads", "others"]) {
      server.createBucket(bucket);
      const component = await createS3({ name: "uploads", service: "shop", metadata: { ...metadata, bucket } });
      await component.create({ value: { json: "1234" } }, { key: "in/a b" });
      await component.delete("in/a b");
      await component.create({ value: { json: "1" } }, { key: "bad" });
      await component.close();
    }
    await server.close();
    const through = server.told.filter((event) => lets(patternOf("UploadedRule", "uploads"), event));
    expect([server.told.length, through.length]).toEqual([6, 3]);
    const laid = through.map((event, index) => ({ id: `m${index}`, body: JSON.stringify(event), attempt: 2 }));
    expect(await invoke("uploaded", sqsEvent(...laid))).toEqual({ batchItemFailures: [{ itemIdentifier: "m2" }] });
    expect(seen.splice(0)).toEqual([
      ["uploaded", "object.created", { change: "created", key: "in/a b", size: 4 }, 2],
      ["uploaded", "object.deleted", { change: "deleted", key: "in/a b" }, 2],
    ]);
  });

  test("what calls the function itself is taken as well, and fails as a whole", async () => {
    const server = await startS3({ region: access.region, secretOf: () => "secret" });
    server.createBucket("uploads");
    const metadata = { ...access, endpoint: server.url, bucket: "uploads" };
    const component = await createS3({ name: "uploads", service: "shop", metadata });
    await component.create({ value: { json: "1234" } }, { key: "in/a b" });
    await component.create({ value: { json: "1" } }, { key: "bad" });
    await component.close();
    await server.close();
    const [created, bad] = server.told;
    expect(await invoke("uploaded", created)).toBeUndefined();
    await expect(invoke("uploaded", bad)).rejects.toThrow("no luck");
    expect(seen.splice(0)).toEqual([
      ["uploaded", "object.created", { change: "created", key: "in/a b", size: 4 }, undefined],
    ]);
  });

  test("a notification of the bucket's own is taken as well", async () => {
    const object = { key: "in/a+b", size: 4, sequencer: "0055AED6DCD90281E5" };
    const bucket = { name: "uploads", arn: "arn:aws:s3:::uploads" };
    const record = { eventSource: "aws:s3", eventName: "ObjectCreated:Put", eventTime: "2026-11-21T10:00:00Z" };
    await invoke("uploaded", { Records: [{ ...record, s3: { bucket, object } }] });
    expect(seen.splice(0)).toEqual([
      ["uploaded", "object.created", { change: "created", key: "in/a b", size: 4 }, undefined],
    ]);
  });
});

test("of a queue the message itself, with its attempt", async () => {
  expect(await invoke("worked", sqsEvent({ id: "1", body: '{"a":1}' }))).toEqual({ batchItemFailures: [] });
  expect(await invoke("worked", sqsEvent({ id: "2", body: '{"key":"bad"}' }))).toEqual({
    batchItemFailures: [{ itemIdentifier: "2" }],
  });
  expect(seen.splice(0)).toEqual([["worked", "com.amazonaws.sqs.Message", { a: 1 }, 1]]);
});

test("of a bus what its pattern lets through", async () => {
  const server = await startAwsJson();
  const component = await createEventBridge({
    name: "bus",
    service: "shop",
    metadata: { ...access, endpoint: server.url },
  });
  await component.create({ value: { json: '{"id":"1"}' }, metadata: { detailtype: "placed" } });
  await component.create({ value: { json: '{"id":"2"}' }, metadata: { detailtype: "changed" } });
  await component.close();
  await server.close();
  const through = server.events.filter((event) => lets(patternOf("HeardRule"), event));
  expect([server.events.length, through.length]).toEqual([2, 1]);
  await invoke("heard", sqsEvent({ id: "1", body: JSON.stringify(through[0]) }));
  expect(seen.splice(0)).toEqual([["heard", "com.amazonaws.events.placed", { id: "1" }, 1]]);
});
