// What every secret store must do.
import assert from "node:assert/strict";
import type { SecretStore } from "../contracts/secret-store.ts";
import type { Case, Harness } from "./case.ts";

export interface SecretStoreHarness extends Harness {
  readonly component: SecretStore;
  /** Stores a secret of one value. */
  plant(name: string, value: string): Promise<void>;
  /** Stores a secret of several keys. */
  plantMany?(name: string, values: Readonly<Record<string, string>>): Promise<void>;
}

export const secretStoreCases: readonly Case<SecretStoreHarness>[] = [
  {
    name: "a secret of one value has one key, its own name",
    async run({ component, plant }) {
      const [name, other] = [fresh(), fresh()];
      await plant(name, "s3cret");
      await plant(other, "another");
      assertSecret(await component.get(name), { [name]: "s3cret" });
    },
  },
  ...[" with spaces ", "line\nbreak", 'quotes " and \\', "日本 😀", "$" + "{HOME} {{x}} %s", '{"json":true}', "42"].map(
    (value): Case<SecretStoreHarness> => ({
      name: `a value comes back as it is: ${JSON.stringify(value)}`,
      async run({ component, plant }) {
        const name = fresh();
        await plant(name, value);
        assertSecret(await component.get(name), { [name]: value });
      },
    }),
  ),
  {
    name: "a secret of several keys has them all",
    needs: "plantMany",
    async run({ component, plantMany }) {
      const name = fresh();
      const values = { user: "admin", password: "pass:word", empty: "" };
      await plantMany?.(name, values);
      assertSecret(await component.get(name), values);
    },
  },
  {
    name: "an absent secret is undefined, and so is a part of a name",
    async run({ component, plant }) {
      const name = fresh();
      await plant(name, "value");
      assert.equal(await component.get(fresh()), undefined);
      assert.equal(await component.get(name.slice(0, -1)), undefined);
      assert.equal(await component.get(`${name}x`), undefined);
    },
  },
  {
    name: "a name that objects inherit is absent",
    async run({ component, plant }) {
      await plant(fresh(), "value");
      for (const name of ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"]) {
        assert.equal(await component.get(name), undefined, name);
      }
    },
  },
  {
    name: "an aborted signal rejects",
    async run({ component, plant }) {
      const name = fresh();
      await plant(name, "value");
      await assert.rejects(component.get(name, { signal: AbortSignal.abort() }));
    },
  },
];

/** A name that no other run has, of what every store allows. */
function fresh(): string {
  return `secret-${crypto.randomUUID()}`;
}

function assertSecret(actual: Readonly<Record<string, string>> | undefined, expected: Record<string, string>): void {
  assert.ok(actual, "the secret is not there");
  assert.deepEqual({ ...actual }, expected);
}
