// What every binding must do.
import assert from "node:assert/strict";
import { type BindingCase, bytes } from "./binding-harness.ts";
import { inputCases } from "./binding-input.ts";
import { presignCases } from "./binding-presign.ts";
import { storageCases } from "./binding-storage.ts";

export type { BindingHarness, BindingReceiver } from "./binding-harness.ts";

export const bindingCases: readonly BindingCase[] = [
  {
    name: "an operation that it does not know is UNSUPPORTED",
    needs: "invoke",
    async run({ component }) {
      for (const operation of ["no-such-operation", "__proto__", ""])
        await assert.rejects(async () => component.invoke?.({ operation }), { code: "UNSUPPORTED" });
    },
  },
  {
    name: "an aborted signal rejects before anything is sent",
    needs: "create",
    async run({ component }) {
      const signal = AbortSignal.abort();
      await assert.rejects(async () => component.create?.({ value: { bytes: bytes("x") } }, { signal }));
    },
  },
  ...storageCases,
  ...presignCases,
  ...inputCases,
];
