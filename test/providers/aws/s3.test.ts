// Of a bucket, what the cases of all bindings leave out: conditions, lost replies, a bucket that is not there, an emulator of others.
import { startFauxqs } from "fauxqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { create } from "../../../providers/aws/bindings/s3.ts";
import { trigger } from "../../../providers/aws/triggers/s3-eventbridge.ts";
import { bindingCases } from "../../../src/conformance/cases.ts";
import type { Binding } from "../../../src/provider.ts";
import { createFaultProxy, type Heard } from "../../servers/faults.ts";
import { type S3, startS3 } from "../../servers/s3.ts";
import { signatureError } from "../../servers/sigv4.ts";

const access = { region: "eu-west-1", accessKey: "key", secretKey: "secret" };
let server: S3;
let files: Binding;

beforeAll(async () => {
  server = await startS3({ region: access.region, secretOf: (key) => (key === "key" ? "secret" : undefined) });
  server.createBucket("files");
  files = await create(named(server.url));
});
afterAll(async () => {
  await files.close?.();
  await server.close();
});

const named = (endpoint: string, bucket = "files", more: Record<string, string> = {}) => ({
  name: "files",
  service: "shop",
  metadata: { ...access, endpoint, bucket, ...more },
});
const bytes = (text: string) => ({ value: { bytes: new TextEncoder().encode(text) } });
const native = (operation: string, metadata: Record<string, string>, text = "", from = files) =>
  from.invoke?.({ operation, metadata, data: bytes(text).value });
async function textOf(key: string): Promise<string | undefined> {
  const found = await files.get?.(key);
  return found && "bytes" in found.value ? Buffer.from(found.value.bytes).toString() : undefined;
}

test("what must be new is refused where there is one, and leaves it", async () => {
  const made = await native("createIfAbsent", { key: "once", contentType: "text/x" }, "first");
  expect(made?.metadata).toEqual({ key: "once", etag: expect.stringMatching(/^"[0-9a-f]{32}"$/) });
  await expect(native("createIfAbsent", { key: "once" }, "second")).rejects.toMatchObject({
    code: "ALREADY_EXISTS",
    message: 'binding "files": there is "once" already',
  });
  expect([await textOf("once"), (await files.get?.("once"))?.contentType]).toEqual(["first", "text/x"]);
});

test("a version is replaced by who has seen it last, and what is not there by nobody", async () => {
  const first = await native("createIfAbsent", { key: "seen" }, "1");
  const etag = first?.metadata["etag"] ?? "";
  await native("replace", { key: "seen", etag }, "2");
  await expect(native("replace", { key: "seen", etag }, "3")).rejects.toMatchObject({ code: "CONFLICT" });
  await expect(native("replace", { key: "never" }, "3")).rejects.toMatchObject({ code: "INVALID" });
  expect([await textOf("seen"), await textOf("never")]).toEqual(["2", undefined]);
});

test("a class of storage that S3 has not is refused before it is asked", async () => {
  await expect(native("createIfAbsent", { key: "cold", storageClass: "GLASIER" }, "x")).rejects.toMatchObject({
    code: "INVALID",
    message: expect.stringMatching(/there is no storageClass "GLASIER": choose one of .*GLACIER/),
  });
  expect(await textOf("cold")).toBeUndefined();
  await native("createIfAbsent", { key: "cold", storageClass: "STANDARD_IA" }, "x");
  expect(await textOf("cold")).toBe("x");
});

test("many are deleted at once, with any key that there can be", async () => {
  const keys = [
    "a & b",
    "<c>",
    'd"e',
    "é/😀",
    "plus+",
    "tab%09",
    ...Array.from({ length: 1010 }, (_, at) => `many/${at}`),
  ];
  for (const key of keys.slice(0, 6)) await files.create?.(bytes("x"), { key });
  await native("bulkDelete", {}, JSON.stringify({ keys }));
  for (const key of keys.slice(0, 6)) expect(await files.get?.(key), key).toBeUndefined();
  expect(server.calls.filter((call) => call.includes("?delete")).length, "a thousand a request").toBe(2);
  await expect(native("bulkDelete", {}, '{"keys":"all"}')).rejects.toMatchObject({ code: "INVALID" });
});

test("what hangs on a condition is sent once where its reply is lost; anything else is sent again", async () => {
  const proxy = await createFaultProxy(server.url);
  const behind = await create(named(proxy.url));
  const cut = (call: number) => (call === 1 ? "cut" : undefined);
  proxy.spoil(cut);
  await expect(native("createIfAbsent", { key: "cut" }, "", behind)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(proxy.calls).toBe(1);
  proxy.spoil(cut);
  await behind.create?.(bytes("again"), { key: "cut" });
  expect([proxy.calls, await textOf("cut")]).toEqual([2, "again"]);
  proxy.spoil(cut);
  await expect(behind.delete?.("cut")).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect([proxy.calls, await textOf("cut")]).toEqual([1, undefined]);
  await behind.close?.();
  await proxy.close();
});

test("what is there is deleted also where a service takes the condition for a version, and what is not is told", async () => {
  const proxy = await createFaultProxy(server.url);
  const behind = await create(named(proxy.url));
  await files.create?.(bytes("x"), { key: "condition" });
  await files.create?.(bytes("x"), { key: "conditions" });
  const body = "<Error><Code>PreconditionFailed</Code><Message>no such version</Message></Error>";
  const literal = (_call: number, { method, headers }: Heard) =>
    method === "DELETE" && headers["if-match"] !== undefined ? { status: 412, body } : undefined;
  proxy.spoil(literal);
  expect(await behind.delete?.("condition")).toBe(true);
  expect(await behind.delete?.("condition")).toBe(false);
  expect([await textOf("condition"), await textOf("conditions")]).toEqual([undefined, "x"]);
  await behind.close?.();
  await proxy.close();
});

test("a reply that breaks off in its middle is an error that names the component, and no shorter object", async () => {
  await files.create?.(bytes("whole".repeat(10_000)), { key: "long" });
  const proxy = await createFaultProxy(server.url);
  const behind = await create(named(proxy.url));
  const headers = { "content-length": "50000", "content-type": "text/plain" };
  proxy.spoil(() => ({ status: 200, body: "whole", headers }));
  await expect(behind.get?.("long", { signal: AbortSignal.timeout(300) })).rejects.toMatchObject({
    code: expect.stringMatching(/^(?:TIMEOUT|UNAVAILABLE)$/),
    message: expect.stringContaining('component "files": GetObject'),
  });
  await behind.close?.();
  await proxy.close();
});

test("a bucket that is not there is no missing object", async () => {
  const none = await create(named(server.url, "none"));
  await expect(none.get?.("a")).rejects.toMatchObject({ code: "MISCONFIGURED" });
  await expect(none.delete?.("a")).rejects.toMatchObject({ code: "MISCONFIGURED" });
  await none.close?.();
});

test("wrong credentials are told as such, and never shown", async () => {
  const wrong = await create(named(server.url, "files", { secretKey: "not-the-secret" }));
  const error = await wrong.get?.("a").catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "UNAUTHENTICATED" });
  expect(String(error)).not.toContain("not-the-secret");
  await wrong.close?.();
});

test("what cannot travel as a header is INVALID before it is sent", async () => {
  const before = server.calls.length;
  for (const metadata of [{ "a b": "x" }, { Capital: "x" }, { name: "é" }, { name: "a\r\nb: c" }])
    await expect(files.create?.({ ...bytes("x"), metadata }, { key: "k" })).rejects.toMatchObject({ code: "INVALID" });
  expect(server.calls.length).toBe(before);
});

test("an address is signed for a week at most; what the client sends with it is kept", async () => {
  for (const days of [8, -1])
    await expect(
      files.presign?.("a", { operation: "get", expiresAt: Date.now() + days * 86_400_000 }),
    ).rejects.toMatchObject({ code: "INVALID" });
  const address = (await files.presign?.("sent", { operation: "create", expiresAt: Date.now() + 60_000 })) ?? "";
  expect(address, "no sum of nothing").not.toMatch(/checksum/i);
  expect((await fetch(address, { method: "PUT", body: "sent" })).status).toBe(200);
  expect(await textOf("sent")).toBe("sent");
});

test("a list goes on behind its first thousand", async () => {
  await Promise.all(Array.from({ length: 1010 }, (_, at) => files.create?.(bytes(""), { key: `many/${at}` })));
  let count = 0;
  for await (const _ of files.list?.("many/") ?? []) count++;
  expect(count).toBe(1010);
});

test("what the bucket tells EventBridge reaches an input, with the key as it is", async () => {
  await files.create?.(bytes("four"), { key: "in/a b+é" });
  await files.delete?.("in/a b+é");
  const events = server.told.slice(-2).flatMap((payload) => {
    expect(trigger.accepts(payload)).toBe(true);
    return trigger.decode({
      id: "1",
      payload: payload as never,
      context: {},
      deadline: Date.now() + 1000,
    }) as readonly object[];
  });
  expect(events).toMatchObject([
    {
      kind: "event",
      event: {
        type: "object.created",
        source: "arn:aws:s3:::files",
        subject: "in/a b+é",
        data: { json: '{"change":"created","key":"in/a b+é","size":4}' },
      },
    },
    { kind: "event", event: { type: "object.deleted", data: { json: '{"change":"deleted","key":"in/a b+é"}' } } },
  ]);
});

describe("on an emulator of others (fauxqs)", () => {
  /** It knows no conditions, looks at no signature, and orders keys as people do. */
  const without = /deleting tells|UTF-8 order|good for nothing else/;
  const cases = bindingCases.filter(
    ({ needs, name }) => (needs === "storage" || needs === "reach") && !without.test(name),
  );
  let fauxqs: Awaited<ReturnType<typeof startFauxqs>>;
  let component: Binding;
  beforeAll(async () => {
    fauxqs = await startFauxqs({ port: 0, host: "127.0.0.1", logger: false });
    fauxqs.createBucket("files");
    component = await create(named(`http://127.0.0.1:${fauxqs.port}`));
  });
  afterAll(async () => {
    await component.close?.();
    await fauxqs.stop();
  });
  test.each(cases.map((one) => [one.name, one] as const))("%s", (_, { run }) =>
    run({ component, storage: true, reach: (address, init) => fetch(address, init) }),
  );
});

describe("the server's own check of signatures finds AWS's published ones right", () => {
  const secret = { region: "us-east-1", service: "s3", secretOf: () => "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
  // https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
  test("in an address", () => {
    const url =
      "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    const request = { method: "GET", url, headers: { host: "examplebucket.s3.amazonaws.com" }, body: new Uint8Array() };
    const now = Date.UTC(2013, 4, 24);
    expect(signatureError(request, { ...secret, now })).toBeUndefined();
    expect(signatureError({ ...request, method: "PUT" }, { ...secret, now })).toBe("SignatureDoesNotMatch");
    expect(signatureError(request, { ...secret, now: now + 86_401_000 })).toBe("AccessDenied");
  });
  // https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
  test("in headers", () => {
    const hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const headers = {
      host: "examplebucket.s3.amazonaws.com",
      "x-amz-content-sha256": hash,
      "x-amz-date": "20130524T000000Z",
      authorization:
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    };
    const request = { method: "GET", url: "/?max-keys=2&prefix=J", headers, body: new Uint8Array() };
    expect(signatureError(request, { ...secret, now: Date.UTC(2013, 4, 24) })).toBeUndefined();
    expect(signatureError(request, secret)).toBe("RequestTimeTooSkewed");
  });
});
