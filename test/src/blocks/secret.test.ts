// One secret, read when it is asked for and never shown.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
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
    code: "MISCONFIGURED",
    message: "secret store secretstore: there is no secret other",
  });
  await expect(open(secret("db", { key: "host", component: "vault" }), store).get()).rejects.toMatchObject({
    message: "secret store vault: there is no secret db with the key host",
  });
  for (const name of ["toString", "constructor"])
    await expect(open(secret("db", { key: name }), store).get()).rejects.toMatchObject({ code: "MISCONFIGURED" });
});

test("a secret is data for the build, and holds no value", () => {
  expect(secret("db", { component: "vault", key: "password" })).toMatchObject({
    block: "secretstores",
    component: "vault",
    right: "read",
    resource: "db",
  });
});

describe("a secret is kept for five minutes", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
  afterEach(() => void vi.useRealTimers());

  function vault(value = "one") {
    const held: { value: string | undefined; asked: number; fails: unknown } = { value, asked: 0, fails: undefined };
    const store: SecretStore = {
      async get() {
        held.asked++;
        if (held.fails) throw held.fails;
        return held.value === undefined ? undefined : { token: held.value };
      },
    };
    return { store, held };
  }

  test("in its component, for every run, and concealed in each", async () => {
    const { store, held } = vault();
    const token = secret("token");
    const [first, second] = [invocation(), invocation()];
    expect(await open(token, store, first).get()).toBe("one");
    held.value = "two";
    vi.setSystemTime(Date.now() + 299_999);
    expect(await open(token, store, second).get()).toBe("one");
    expect([held.asked, first.concealed, second.concealed]).toEqual([1, ["one"], ["one"]]);
    vi.setSystemTime(Date.now() + 1);
    expect(await open(token, store).get()).toBe("two");
    expect(await open(token, vault("another's").store).get()).toBe("another's");
  });

  test("and asked for again by `fresh`, for all who come after", async () => {
    const { store, held } = vault();
    const token = secret("token");
    const run = invocation();
    await open(token, store, run).get();
    held.value = "two";
    expect(await open(token, store, run).get({ fresh: true })).toBe("two");
    expect(await open(token, store).get()).toBe("two");
    expect([held.asked, run.concealed]).toEqual([2, ["one", "two"]]);
  });

  test("asked for by many at one time it is fetched once", async () => {
    const { store, held } = vault();
    const token = secret("token");
    expect(await Promise.all(Array.from({ length: 100 }, () => open(token, store).get()))).toEqual(
      Array.from({ length: 100 }, () => "one"),
    );
    await Promise.all(Array.from({ length: 100 }, () => open(token, store).get({ fresh: true })));
    expect(held.asked).toBe(2);
  });

  test("a failure is not remembered, nor that there is none; and it takes nothing away", async () => {
    const { store, held } = vault();
    const token = secret("token");
    const broken = new Error("no vault today");
    held.fails = broken;
    await expect(open(token, store).get()).rejects.toBe(broken);
    held.fails = undefined;
    held.value = undefined;
    await expect(open(token, store).get()).rejects.toMatchObject({ code: "MISCONFIGURED" });
    held.value = "three";
    expect(await open(token, store).get()).toBe("three");
    held.fails = broken;
    await expect(open(token, store).get({ fresh: true })).rejects.toBe(broken);
    expect(await open(token, store).get()).toBe("three");
  });
});
