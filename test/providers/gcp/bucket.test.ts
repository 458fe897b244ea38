// Of a bucket, what the cases of all bindings leave out: generations, copies, and a bucket that is not there.
import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { create } from "../../../providers/gcp/bindings/bucket.ts";
import type { Binding } from "../../../src/provider.ts";
import { type CloudStorage, startCloudStorage } from "../../servers/cloud-storage.ts";
import { createFaultProxy } from "../../servers/faults.ts";

let server: CloudStorage;
let files: Binding;

beforeAll(async () => {
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  server = await startCloudStorage({ publicKey, email: "a@b", signBlob: (payload) => payload });
  for (const name of ["files", "others"]) server.createBucket(name);
  files = await create(named(server.url));
});
afterAll(async () => {
  await files.close?.();
  await server.close();
});

const named = (endpoint: string, bucket = "files") => ({
  name: "files",
  service: "shop",
  metadata: { endpoint, bucket },
});
const bytes = (text: string) => ({ value: { bytes: new TextEncoder().encode(text) } });
const native = (operation: string, metadata: Record<string, string>, text = "") =>
  files.invoke?.({ operation, metadata, data: bytes(text).value });
async function textOf(from: Binding, key: string): Promise<string | undefined> {
  const found = await from.get?.(key);
  return found && "bytes" in found.value ? Buffer.from(found.value.bytes).toString() : undefined;
}

test("a create that wants no generation is refused where there is one, and leaves it", async () => {
  await native("create", { key: "once", ifGenerationMatch: "0", contentType: "text/x" }, "first");
  await expect(native("create", { key: "once", ifGenerationMatch: "0" }, "second")).rejects.toMatchObject({
    code: "CONFLICT",
    message: expect.stringContaining('component "files": objects.insert failed with conditionNotMet'),
  });
  expect([await textOf(files, "once"), (await files.get?.("once"))?.contentType]).toEqual(["first", "text/x"]);
});

test("such a create is sent once where its reply is lost; one without is sent again", async () => {
  const proxy = await createFaultProxy(server.url);
  const behind = await create(named(proxy.url));
  proxy.spoil((call) => (call === 1 ? "cut" : undefined));
  const metadata = { key: "cut", ifGenerationMatch: "0" };
  await expect(behind.invoke?.({ operation: "create", metadata })).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(proxy.calls).toBe(1);
  proxy.spoil((call) => (call === 1 ? "cut" : undefined));
  await behind.create?.(bytes("again"), { key: "cut" });
  expect([proxy.calls, await textOf(files, "cut")]).toEqual([2, "again"]);
  await behind.close?.();
  await proxy.close();
});

test("copies, moves and renames, also into another bucket", async () => {
  const others = await create(named(server.url, "others"));
  await files.create?.(bytes("x"), { key: "a/b" });
  await native("copy", { key: "a/b", destinationBucket: "others", destinationKey: "c/d" });
  await native("rename", { key: "a/b", destinationKey: "a/c" });
  expect([await textOf(files, "a/b"), await textOf(files, "a/c"), await textOf(others, "c/d")]).toEqual([
    undefined,
    "x",
    "x",
  ]);
  await native("move", { key: "a/c", destinationBucket: "others" });
  expect([await textOf(files, "a/c"), await textOf(others, "a/c")]).toEqual([undefined, "x"]);
  await others.close?.();
});

test("a bucket that is not there is no missing object", async () => {
  const none = await create(named(server.url, "none"));
  await expect(none.get?.("a")).rejects.toMatchObject({ code: "MISCONFIGURED" });
  await expect(none.delete?.("a")).rejects.toMatchObject({ code: "MISCONFIGURED" });
  await none.close?.();
});

test("an address for more than a week, or for the past, is INVALID", async () => {
  for (const days of [8, -1])
    await expect(
      files.presign?.("a", { operation: "get", expiresAt: Date.now() + days * 86_400_000 }),
    ).rejects.toMatchObject({
      code: "INVALID",
    });
});

test("a list goes on behind its first thousand", async () => {
  const many = await create(named(server.url, "others"));
  await Promise.all(Array.from({ length: 1010 }, (_, index) => many.create?.(bytes(""), { key: `many/${index}` })));
  let count = 0;
  for await (const _ of many.list?.("many/") ?? []) count++;
  expect(count).toBe(1010);
  await many.close?.();
});
