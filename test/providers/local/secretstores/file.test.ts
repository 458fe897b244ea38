// How `secretstores.local.file` reads its file, and what it tells of one that it cannot read.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { create } from "../../../../providers/local/secretstores/file.ts";
import type { SecretStore } from "../../../../src/provider.ts";
import { folder } from "../folder.ts";

const content = {
  plain: "text",
  number: 1.5,
  yes: true,
  nothing: null,
  redis: { user: "admin", hosts: ["a", { port: 6379 }], none: null },
};

async function open(text: string, metadata: Record<string, string> = {}): Promise<SecretStore> {
  const secretsFile = join(folder(), "secrets.json");
  writeFileSync(secretsFile, text);
  return create({ name: "vault", service: "shop", metadata: { secretsFile, ...metadata } });
}

test("nested values are named by their path, and numbers and truths are text", async () => {
  const store = await open(JSON.stringify(content));
  expect({ ...(await store.get("plain")) }).toEqual({ plain: "text" });
  expect({ ...(await store.get("number")) }).toEqual({ number: "1.5" });
  expect({ ...(await store.get("yes")) }).toEqual({ yes: "true" });
  expect({ ...(await store.get("redis:user")) }).toEqual({ "redis:user": "admin" });
  expect({ ...(await store.get("redis:hosts:1:port")) }).toEqual({ "redis:hosts:1:port": "6379" });
  for (const name of ["nothing", "redis", "redis:none", "redis:hosts"]) expect(await store.get(name)).toBeUndefined();
});

test("the separator can be another", async () => {
  const store = await open(JSON.stringify(content), { nestedSeparator: "." });
  expect({ ...(await store.get("redis.hosts.0")) }).toEqual({ "redis.hosts.0": "a" });
});

test("with multiValued each top-level name is one secret of several keys", async () => {
  const store = await open(JSON.stringify(content), { MultiValued: "true" });
  expect({ ...(await store.get("redis")) }).toEqual({ user: "admin", "hosts:0": "a", "hosts:1:port": "6379" });
  expect({ ...(await store.get("plain")) }).toEqual({ plain: "text" });
  expect(await store.get("redis:user")).toBeUndefined();
});

test("a missing file says where it would be and what belongs in it", async () => {
  const secretsFile = join(folder(), "none.json");
  const store = await create({ name: "vault", service: "shop", metadata: { secretsFile } });
  const error = expect.objectContaining({ code: "MISCONFIGURED", message: expect.stringContaining(secretsFile) });
  await expect(store.get("name")).rejects.toEqual(error);
});

test.each(['{"password": "hunter2", oops}', '{"password": "hunter2"', '"hunter2"', '["hunter2"]', "hunter2", ""])(
  "a file that is no JSON object is MISCONFIGURED, and no value of it is told: %s",
  async (text) => {
    const store = await open(text);
    const error: unknown = await store.get("password").catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "MISCONFIGURED", message: expect.stringContaining("secrets.json") });
    for (let at = error; at instanceof Error; at = at.cause) expect(String(at.stack)).not.toMatch(/hunter|oops/);
  },
);
