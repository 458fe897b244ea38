// Addresses that are good for one thing, on one object, until a time.
import assert from "node:assert/strict";
import { assertObject, type BindingCase, bytes, fresh } from "./binding-harness.ts";

const soon = (): number => Date.now() + 60_000;

export const presignCases: readonly BindingCase[] = [
  {
    name: "an address to read gives the object as it is then, to whoever holds it",
    needs: "reach",
    async run({ component, reach }) {
      const key = fresh("folder/é & ?");
      const content = Uint8Array.from({ length: 256 }, (_, index) => index);
      const address = (await component.presign?.(key, { operation: "get", expiresAt: soon() })) ?? "";
      assert.equal((await reach?.(address))?.status, 404);
      await component.create?.({ value: { bytes: content }, contentType: "image/x" }, { key });
      const response = await reach?.(address);
      assert.equal(response?.status, 200);
      assert.equal(response.headers.get("content-type"), "image/x");
      assert.equal(Buffer.compare(new Uint8Array(await response.arrayBuffer()), content), 0);
    },
  },
  {
    name: "an address to create takes a PUT, with its content type",
    needs: "reach",
    async run({ component, reach }) {
      const key = fresh();
      const address = (await component.presign?.(key, { operation: "create", expiresAt: soon() })) ?? "";
      const init = { method: "PUT", headers: { "content-type": "text/x" }, body: "sent" };
      assert.ok((await reach?.(address, init))?.ok);
      const found = await component.get?.(key);
      assertObject(found, key, bytes("sent"));
      assert.equal(found?.contentType, "text/x");
    },
  },
  {
    name: "an address is good for nothing else: no other operation, no other object, no later time",
    needs: "reach",
    async run({ component, reach }) {
      const [key, other] = [fresh(), fresh()];
      for (const each of [key, other]) await component.create?.({ value: { bytes: bytes("before") } }, { key: each });
      const put = { method: "PUT", body: "after" };
      const read = (await component.presign?.(key, { operation: "get", expiresAt: soon() })) ?? "";
      const write = (await component.presign?.(key, { operation: "create", expiresAt: soon() })) ?? "";
      const late = (await component.presign?.(key, { operation: "get", expiresAt: Date.now() + 1000 })) ?? "";
      const attempts: readonly (readonly [string, RequestInit?])[] = [
        [read, put],
        [read, { method: "DELETE" }],
        [read, { method: "POST", body: "after" }],
        [write],
        [write, { method: "DELETE" }],
        [read.replaceAll(key, other)],
        [write.replaceAll(key, other), put],
        [later(read)],
        [read.slice(0, -6).replace(/%[\dA-F]?$/, "")],
        [read.slice(0, read.indexOf("?"))],
      ];
      for (const [address, init] of attempts) {
        const response = await reach?.(address, init);
        assert.ok(response && response.status >= 400 && response.status < 500, `${init?.method ?? "GET"} ${address}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 2_100));
      assert.ok(((await reach?.(late))?.status ?? 0) >= 400, "it was good for longer");
      for (const each of [key, other]) assertObject(await component.get?.(each), each, bytes("before"));
    },
  },
];

/** With another time in it, written as a number or as a date. */
function later(address: string): string {
  return address.replace(/\d{6,}|\b20(?=\d\d-\d\d-\d\dT)/, (found) => (found === "20" ? "30" : `9${found}`));
}
