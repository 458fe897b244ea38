// Of Firestore, what the cases of all stores leave out: keys as ids, where a collection lies, and what is too large.
import fc from "fast-check";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { after, idOf, keyOf } from "../../../providers/gcp/document-id.ts";
import { create } from "../../../providers/gcp/state/firestore-native.ts";
import { startFirestore } from "../../servers/firestore.ts";
import type { GoogleServer } from "../../servers/google-http.ts";

let server: GoogleServer;
beforeAll(async () => {
  server = await startFirestore();
});
afterAll(() => server.close());

const store = (metadata: Record<string, string>) =>
  create({ name: "orders", service: "shop", metadata: { endpoint: server.url, ...metadata } });

const awkward = fc.string({ unit: fc.constantFrom(".", "/", "-", "_", "=", "a", "é", "\uffee", "\u{10ffff}", "\0") });
const anything = fc.string({ unit: "binary" }).filter((text) => text.isWellFormed());
const keys = fc.oneof(awkward, anything).filter((key) => key !== "" && Buffer.byteLength(key) <= 255);
const order = (a: string, b: string): number => Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)));

test("every key is an id that Firestore takes, comes back from it, and keeps its place", () => {
  fc.assert(
    fc.property(keys, keys, (one, two) => {
      const id = idOf(one);
      expect(id.includes("/") || id === "." || id === ".." || /^__.*__$/s.test(id)).toBe(false);
      expect(Buffer.byteLength(id)).toBeLessThanOrEqual(1500);
      expect(keyOf(`projects/p/databases/d/documents/c/${id}`)).toBe(one);
      expect(order(id, idOf(two))).toBe(order(one, two));
      expect(idOf(one + two).startsWith(id)).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

test("what comes after a prefix comes after all that begin with it, and after nothing else", () => {
  fc.assert(
    fc.property(keys, fc.oneof(awkward, anything), keys, (prefix, rest, other) => {
      const end = after(idOf(prefix));
      expect(order(idOf(prefix + rest), end)).toBe(-1);
      if (order(other, prefix) > 0 && !other.startsWith(prefix))
        expect(order(idOf(other), end)).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 3000 },
  );
  expect([after("a"), after("a\ud7ff"), after("a\u{10ffff}")]).toEqual(["b", "a\ue000", "b"]);
});

test("a collection lies where its whole path says, or in the project and database of the YAML", async () => {
  const whole = await store({ collection: "projects/p/databases/eu/documents/orders", database: "another" });
  const named = await store({ collection: "orders", project_id: "p", database: "eu" });
  const elsewhere = await store({ collection: "orders", project_id: "p" });
  await whole.set("a", { json: "1" });
  expect((await named.get("a"))?.value).toEqual({ json: "1" });
  expect(await elsewhere.get("a")).toBeUndefined();
  vi.stubEnv("GOOGLE_CLOUD_PROJECT", "p");
  expect(await (await store({ database: "eu" })).get("a")).toMatchObject({ value: { json: "1" } });
  vi.stubEnv("GOOGLE_CLOUD_PROJECT", "");
  await expect((await store({})).get("a")).rejects.toMatchObject({
    code: "MISCONFIGURED",
    message: expect.stringContaining("write project_id into its YAML"),
  });
  vi.unstubAllEnvs();
});

test("a value or a transaction that is too large is told before it is sent", async () => {
  const kept = await store({ project_id: "p" });
  const value = { bytes: new Uint8Array(1_000_000) };
  expect(await kept.set("large", value)).toBeTypeOf("string");
  await expect(kept.set("large", { bytes: new Uint8Array(1_000_001) })).rejects.toMatchObject({ code: "TOO_LARGE" });
  const many = Array.from({ length: 8 }, (_, index) => ({ kind: "set" as const, key: `${index}`, value }));
  await expect(kept.transact?.("p", many)).rejects.toMatchObject({ code: "TOO_LARGE" });
  expect(await kept.get("0")).toBeUndefined();
  expect(await kept.transact?.("p", many.slice(0, 7))).toBe(true);
});

test("of two transactions that create over the same expired entry one goes through", async () => {
  const kept = await store({ project_id: "p" });
  await kept.set("claim", { json: "0" }, { expiresAt: Date.now() - 5000 });
  const outcomes = await Promise.all(
    ["a", "b"].map((other) =>
      kept.transact?.("p", [
        { kind: "set", key: "claim", value: { json: "1" }, ifAbsent: true },
        { kind: "set", key: other, value: { json: "1" } },
      ]),
    ),
  );
  expect(outcomes.filter(Boolean)).toHaveLength(1);
  expect([await kept.get("a"), await kept.get("b")].filter(Boolean)).toHaveLength(1);
});

test("an expiry beyond what Firestore can say is its last second", async () => {
  const kept = await store({ project_id: "p" });
  await kept.set("far", { json: "1" }, { expiresAt: 8e15 });
  expect((await kept.get("far"))?.expiresAt).toBe(Date.parse("9999-12-31T23:59:59Z"));
});
