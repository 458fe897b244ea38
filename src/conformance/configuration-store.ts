// What every configuration store must do.
import assert from "node:assert/strict";
import type { ConfigurationStore } from "../contracts/configuration-store.ts";
import type { Case, Harness } from "./case.ts";

export interface ConfigurationHarness extends Harness {
  readonly component: ConfigurationStore;
  /** Sets one, as whoever operates the app would. */
  plant(key: string, value: string): Promise<void>;
}

export const configurationCases: readonly Case<ConfigurationHarness>[] = [
  {
    name: "the keys that there are, and of others no trace",
    async run({ component, plant }) {
      const [one, two, none] = [fresh(), fresh(), fresh()];
      await plant(one, "1");
      await plant(two, "2");
      await plant(fresh(), "3");
      assert.deepEqual(await valuesOf(component, [two, none, one]), { [one]: "1", [two]: "2" });
    },
  },
  ...[
    "",
    " with spaces ",
    "line\nbreak",
    'quotes " and \\',
    "日本 😀",
    "$" + "{HOME} {{x}} %s",
    '{"json":true}',
    "0042",
  ].map(
    (value): Case<ConfigurationHarness> => ({
      name: `a value comes back as it is: ${JSON.stringify(value)}`,
      async run({ component, plant }) {
        const key = fresh();
        await plant(key, value);
        assert.deepEqual(await valuesOf(component, [key]), { [key]: value });
      },
    }),
  ),
  {
    name: "a key that is asked for twice is there once, and no keys are none",
    async run({ component, plant }) {
      const key = fresh();
      await plant(key, "value");
      assert.deepEqual(await valuesOf(component, [key, key]), { [key]: "value" });
      assert.deepEqual(await valuesOf(component, []), {});
    },
  },
  {
    name: "what was set last is there at once; a version, where there is one, is another then",
    async run({ component, plant }) {
      const key = fresh();
      const versions: unknown[] = [];
      for (let count = 1; count <= 12; count++) {
        await plant(key, `value ${count}`);
        const item = (await component.get([key])).get(key);
        assert.equal(item?.value, `value ${count}`);
        versions.push(item.version);
      }
      const told = versions.filter((version) => version !== undefined);
      assert.equal(new Set(told).size, told.length);
    },
  },
  {
    name: "a part of a key is another key, and so is one in capitals or with a sign that patterns know",
    async run({ component, plant }) {
      const key = `a${fresh()}`;
      await plant(key, "value");
      const others = [key.slice(0, -1), `${key}x`, key.toUpperCase(), "*", "%", `${key.slice(0, -1)}_`];
      assert.deepEqual(await valuesOf(component, others), {});
    },
  },
  {
    name: "a name that objects inherit is absent",
    async run({ component, plant }) {
      await plant(fresh(), "value");
      const names = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"];
      assert.equal((await component.get(names)).size, 0);
    },
  },
  {
    name: "a hundred keys at once",
    async run({ component, plant }) {
      const keys = Array.from({ length: 100 }, fresh);
      for (const key of keys) await plant(key, `value of ${key}`);
      const found = await component.get(keys);
      assert.deepEqual([...found.keys()].sort(), [...keys].sort());
      for (const key of keys) assert.equal(found.get(key)?.value, `value of ${key}`);
    },
  },
  {
    name: "an aborted signal rejects",
    async run({ component, plant }) {
      const key = fresh();
      await plant(key, "value");
      await assert.rejects(component.get([key], { signal: AbortSignal.abort() }));
    },
  },
  {
    name: "what it sets, it lists and gives",
    needs: "set",
    async run({ component }) {
      const key = `${fresh()}/with "signs" and 😀`;
      const set = await component.set?.(key, "one");
      assert.equal(set?.value, "one");
      assert.deepEqual((await component.list?.())?.get(key), set);
      await component.set?.(key, "two");
      assert.deepEqual(await valuesOf(component, [key]), { [key]: "two" });
    },
  },
];

/** A key that no other run has, of what every store allows. */
function fresh(): string {
  return `setting-${crypto.randomUUID()}`;
}

async function valuesOf(store: ConfigurationStore, keys: readonly string[]): Promise<Record<string, string>> {
  return Object.fromEntries([...(await store.get(keys))].map(([key, { value }]) => [key, value]));
}
