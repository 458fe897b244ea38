// One secret, read when it is asked for and never shown.
import { expect, test } from "vitest";
import { secret } from "../../../src/blocks/secret.ts";
import type { SecretStore } from "../../../src/contracts/secret-store.ts";
import { invocation, open } from "./opening.ts";

const store: SecretStore = {
  get: async (name) => ({ "api-key": { "api-key": "hunter22" }, db: { user: "u-1", password: "p-1" } })[name],
};

test("a secret is its store's value, and concealed from then on", async () => {
  const run = invocation();
  expect(await open(secret("api-key"), store, run).get()).toBe("hunter22");
  expect(await open(secret("db", { key: "password" }), store, run).get()).toBe("p-1");
  expect(run.concealed).toEqual(["hunter22", "p-1"]);
});

test("one that there is not is named, with its store and its key", async () => {
  await expect(open(secret("other"), store).get()).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: "secret store secretstore: there is no secret other",
  });
  await expect(open(secret("db", { key: "host", component: "vault" }), store).get()).rejects.toMatchObject({
    message: "secret store vault: there is no secret db with the key host",
  });
  for (const name of ["toString", "constructor"])
    await expect(open(secret("db", { key: name }), store).get()).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("a secret is data for the build, and holds no value", () => {
  expect(secret("db", { component: "vault", key: "password" })).toMatchObject({
    block: "secretstores",
    component: "vault",
    right: "read",
    resource: "db",
  });
});
