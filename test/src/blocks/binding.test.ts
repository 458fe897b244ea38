// What a granted binding's client does, and what it does not have.
import { expect, test } from "vitest";
import { outputOf } from "../../../src/blocks/binding.ts";
import type { Binding, BindingData } from "../../../src/contracts/binding.ts";
import { collect, invocation, open } from "./opening.ts";

const all = ["create", "get", "list", "delete", "presign", "copy"] as const;

/** A component that keeps what it was asked. */
function recording(): {
  readonly asked: unknown[][];
  readonly component: Required<Omit<Binding, "close" | "consume" | "attach" | "deadLetters" | "redrive">>;
} {
  const asked: unknown[][] = [];
  const note = (...given: unknown[]): void => void asked.push(given);
  return {
    asked,
    component: {
      async create(data, options) {
        note("create", data, options);
        return options?.key === undefined ? { key: "made" } : { key: options.key };
      },
      async get(key, options) {
        note("get", key, options);
        if (key === "none") return undefined;
        const json = { key, value: { json: '{"a":1}' }, contentType: "application/json" };
        return key === "json" ? json : { key, value: { bytes: Buffer.from("text é") }, metadata: { a: "1" } };
      },
      async *list(prefix, options) {
        note("list", prefix, options);
        yield { key: `${prefix}a`, size: 1, modifiedAt: 2 };
      },
      async delete(key, options) {
        note("delete", key, options);
        return key !== "none";
      },
      async presign(key, options) {
        note("presign", key, options);
        return "https://signed.example";
      },
      async invoke(request, options) {
        note("invoke", request, options);
        return { metadata: { code: "7" }, ...(request.operation === "copy" && { data: { json: "[1]" } }) };
      },
    },
  };
}

test("each operation reaches the component, with the invocation's signal", async () => {
  const { asked, component } = recording();
  const run = invocation();
  const client = open(outputOf("receipts", all), component, run);
  const { signal } = run;
  expect(await client.create({ a: 1.5 }, { key: "k", contentType: "application/x", metadata: { m: "v" } })).toEqual({
    key: "k",
  });
  expect(await client.create(new Uint8Array([1]))).toEqual({ key: "made" });
  expect(await collect(client.list("p/"))).toEqual([{ key: "p/a", size: 1, modifiedAt: 2 }]);
  await collect(client.list());
  expect([await client.delete("k"), await client.delete("none")]).toEqual([true, false]);
  expect(asked).toEqual([
    [
      "create",
      { value: { json: '{"a":1.5}' }, contentType: "application/x", metadata: { m: "v" } },
      { key: "k", signal },
    ],
    ["create", { value: { bytes: new Uint8Array([1]) } }, { signal }],
    ["list", "p/", { signal }],
    ["list", "", { signal }],
    ["delete", "k", { signal }],
    ["delete", "none", { signal }],
  ]);
});

test("text goes as it is, whatever type it is given; what is no JSON is told", async () => {
  const { asked, component } = recording();
  const client = open(outputOf("receipts", ["create"]), component);
  await client.create("é");
  await client.create('{"a":1}', { contentType: "application/json" });
  const sent = asked.map(([, data]) => data as BindingData);
  expect(sent).toEqual([
    { value: { bytes: new TextEncoder().encode("é") }, contentType: "text/plain; charset=utf-8" },
    { value: { bytes: new TextEncoder().encode('{"a":1}') }, contentType: "application/json" },
  ]);
  await expect(client.create(new Map())).rejects.toMatchObject({
    code: "INVALID",
    message: expect.stringContaining("binding receipts: the data"),
  });
});

test("what comes back can be read as bytes, text and JSON", async () => {
  const client = open(outputOf("receipts", ["get"]), recording().component);
  expect(await client.get("none")).toBeUndefined();
  const text = await client.get("text");
  expect(text).toMatchObject({ key: "text", metadata: { a: "1" } });
  expect(text).not.toHaveProperty("contentType");
  expect([text?.text(), text?.bytes]).toEqual(["text é", new TextEncoder().encode("text é")]);
  const json = await client.get("json");
  expect([json?.contentType, json?.metadata, json?.json()]).toEqual(["application/json", {}, { a: 1 }]);
});

test("presign: to read unless told otherwise, until the duration has passed", async () => {
  const { asked, component } = recording();
  const client = open(outputOf("receipts", ["presign"]), component);
  const from = Date.now();
  expect(await client.presign("k", { expiresIn: "10m" })).toBe("https://signed.example");
  await client.presign("k", { expiresIn: "1s", operation: "create" });
  const options = asked.map(([, , given]) => given as { operation: string; expiresAt: number });
  expect(options.map(({ operation }) => operation)).toEqual(["get", "create"]);
  expect(options[0]?.expiresAt).toBeGreaterThanOrEqual(from + 600_000);
  expect(options[1]?.expiresAt).toBeLessThan(from + 600_000);
});

test("any other operation goes by invoke, if it was granted", async () => {
  const { asked, component } = recording();
  const run = invocation();
  const client = open(outputOf("receipts", all), component, run);
  const copied = await client.invoke("copy", "as it is", { to: "there" });
  expect([copied.json(), copied.metadata]).toEqual([[1], { code: "7" }]);
  const request = {
    operation: "copy",
    data: { bytes: new TextEncoder().encode("as it is") },
    metadata: { to: "there" },
  };
  expect(asked).toEqual([["invoke", request, { signal: run.signal }]]);
  const loose = client as { invoke(operation: string): Promise<unknown> };
  for (const operation of ["move", "__proto__", "toString"])
    await expect(loose.invoke(operation)).rejects.toMatchObject({
      code: "NOT_GRANTED",
      message: expect.stringContaining(`work may not ask binding receipts for ${operation}`),
    });
  expect(asked).toHaveLength(1);
});

test("a client has what was granted and nothing else, also where names are those that objects inherit", () => {
  const { component } = recording();
  expect(Object.keys(open(outputOf("receipts", ["create", "list"]), component)).sort()).toEqual(["create", "list"]);
  expect(Object.keys(open(outputOf("receipts", ["toString", "__proto__"]), component))).toEqual(["invoke"]);
});

test("an ability that the component lacks is UNSUPPORTED, and names both", async () => {
  const client = open(outputOf("receipts", all), {});
  const lacking = [
    client.get("k"),
    client.create(1),
    client.delete("k"),
    client.invoke("copy"),
    collect(client.list()),
  ];
  for (const work of lacking)
    await expect(work).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringMatching(/^binding receipts: .*has no /),
    });
});

test("a grant is data for the build", () => {
  expect(outputOf("receipts", ["create", "get"])).toMatchObject({
    block: "bindings",
    component: "receipts",
    right: "output",
    operations: ["create", "get"],
  });
});
