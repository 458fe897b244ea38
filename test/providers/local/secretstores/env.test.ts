// What `secretstores.local.env` gives out, and what it does not.
import { afterEach, expect, test, vi } from "vitest";
import { create } from "../../../../providers/local/secretstores/env.ts";

afterEach(() => vi.unstubAllEnvs());

test("a prefix stands before the variable and not in the secret's key", async () => {
  vi.stubEnv("SHOP_PASSWORD", "hunter2");
  const store = await create({ name: "env", service: "shop", metadata: { prefix: "SHOP_" } });
  expect(await store.get("PASSWORD")).toEqual({ PASSWORD: "hunter2" });
  expect(await store.get("SHOP_PASSWORD")).toBeUndefined();
});

test.each(["APP_API_TOKEN", "DAPR_API_TOKEN", "dapr_http_port", "DAPR_"])("Dapr's own %s is DENIED", async (name) => {
  vi.stubEnv(name, "hunter2");
  const store = await create({ name: "env", service: "shop", metadata: {} });
  const error: unknown = await store.get(name).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "DENIED" });
  expect(String(error)).not.toContain("hunter2");
});

test("a prefix cannot make up the name of Dapr's own", async () => {
  vi.stubEnv("DAPR_API_TOKEN", "hunter2");
  const store = await create({ name: "env", service: "shop", metadata: { prefix: "DAPR_" } });
  await expect(store.get("API_TOKEN")).rejects.toMatchObject({ code: "DENIED" });
});

test("what the environment inherits is no variable", async () => {
  const store = await create({ name: "env", service: "shop", metadata: {} });
  for (const name of ["constructor", "__proto__", "toString"]) expect(await store.get(name)).toBeUndefined();
});
