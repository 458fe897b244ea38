// Keys and values: what goes in comes out.
import assert from "node:assert/strict";
import type { Value } from "../contracts/component.ts";
import { assertValue, fresh, json, type StateCase } from "./state-harness.ts";

export const valueCases: readonly StateCase[] = [
  {
    name: "a key that was never written is absent",
    async run({ component }) {
      assert.equal(await component.get(fresh()), undefined);
    },
  },
  ...documents().map(
    ([name, text]): StateCase => ({ name: `JSON comes back equal: ${name}`, run: comesBack({ json: text }) }),
  ),
  ...blobs().map(
    ([name, bytes]): StateCase => ({ name: `bytes come back byte for byte: ${name}`, run: comesBack({ bytes }) }),
  ),
  {
    name: "bytes are the store's own: changing the array that went in or came out changes nothing",
    async run({ component }) {
      const key = fresh();
      const bytes = Buffer.from([1, 2, 3]);
      await component.set(key, { bytes });
      bytes[0] = 9;
      const entry = await component.get(key);
      assertValue(entry, { bytes: new Uint8Array([1, 2, 3]) });
      if (entry && "bytes" in entry.value) entry.value.bytes[1] = 9;
      assertValue(await component.get(key), { bytes: new Uint8Array([1, 2, 3]) });
    },
  },
  {
    name: "JSON can replace bytes, and bytes JSON",
    async run({ component }) {
      const key = fresh();
      await component.set(key, { bytes: new Uint8Array([123, 125]) });
      await component.set(key, json({ a: 1 }));
      assertValue(await component.get(key), json({ a: 1 }));
      await component.set(key, { bytes: new Uint8Array([123, 125]) });
      assertValue(await component.get(key), { bytes: new Uint8Array([123, 125]) });
    },
  },
  {
    name: "what one client writes, the other reads",
    async run({ component, second }) {
      const key = fresh();
      const etag = await component.set(key, json("one"));
      const entry = await second.get(key);
      assertValue(entry, json("one"));
      assert.equal(entry?.etag, etag);
    },
  },
  {
    name: "awkward keys are each a key of their own",
    async run({ component }) {
      for (const key of awkwardKeys()) await component.delete(key);
      for (const key of awkwardKeys()) {
        assert.ok(await component.set(key, json({ key }), { ifAbsent: true }), `another key stood in for "${key}"`);
      }
      for (const key of awkwardKeys()) assertValue(await component.get(key), json({ key }));
      for (const key of awkwardKeys()) assert.equal(await component.delete(key), true);
      for (const key of awkwardKeys()) assert.equal(await component.get(key), undefined);
    },
  },
  {
    name: "keys of 1 and of 255 bytes serve",
    async run({ component }) {
      for (const key of ["k", "k".repeat(255), `${"é".repeat(127)}k`]) {
        await component.set(key, json({ key }));
        assertValue(await component.get(key), json({ key }));
        await component.delete(key);
        assert.equal(await component.get(key), undefined);
      }
    },
  },
  {
    name: "an empty key, one above 255 bytes and one that is not Unicode are INVALID, to readers too",
    async run({ component }) {
      for (const key of ["", "k".repeat(256), "é".repeat(128), "lone \ud800"]) {
        await assert.rejects(component.get(key), { code: "INVALID" });
        await assert.rejects(component.set(key, json(1)), { code: "INVALID" });
        await assert.rejects(component.delete(key), { code: "INVALID" });
      }
    },
  },
  {
    name: "an aborted signal rejects before anything is written or removed",
    async run({ component }) {
      const key = fresh();
      const signal = AbortSignal.abort();
      await assert.rejects(component.set(key, json(1), { signal }));
      assert.equal(await component.get(key), undefined);
      await component.set(key, json(2));
      await assert.rejects(component.set(key, json(1), { signal }));
      await assert.rejects(component.delete(key, { signal }));
      assertValue(await component.get(key), json(2));
      await assert.rejects(component.get(key, { signal }));
    },
  },
  {
    name: "a strong read is right where an eventual one is behind",
    needs: "staleReader",
    async run({ staleReader }) {
      assert.ok(staleReader);
      const key = fresh();
      await staleReader.set(key, json("old"));
      await staleReader.set(key, json("new"));
      assertValue(await staleReader.get(key, { consistency: "eventual" }), json("old"));
      assertValue(await staleReader.get(key, { consistency: "strong" }), json("new"));
      assertValue(await staleReader.get(key), json("new"));
    },
  },
];

function comesBack(value: Value): StateCase["run"] {
  return async ({ component }) => {
    const key = fresh();
    await component.set(key, value);
    assertValue(await component.get(key), value);
  };
}

function documents(): readonly (readonly [string, string])[] {
  const kept = ["", null, false, true, 0, -1, 0.1, 1e21, 5e-324, Number.MAX_VALUE, Number.MAX_SAFE_INTEGER, [], {}];
  return [
    ...kept.map((value) => [JSON.stringify(value), JSON.stringify(value)] as const),
    ["nested", JSON.stringify({ a: [1, { b: [null, { c: "d" }] }, []], "": {} })],
    ["thirty levels deep", `${"[".repeat(30)}1${"]".repeat(30)}`],
    ["escapes and white space", '\n{ "\\u00e9\\n\\t\\"\\\\\\/": "\\u0000\\ud83d\\ude00 \u2028" }\t'],
    ["lone surrogates, escaped", '"\\ud800 \\udc00"'],
    ["names that objects inherit", '{"__proto__":1,"constructor":2,"toString":3}'],
    ["names that stores use themselves", '{"id":"x","_etag":"y","ttl":1,"$type":"z","key":null}'],
    ["256 KiB", JSON.stringify("x".repeat(256 * 1024 - 2))],
  ];
}

function blobs(): readonly (readonly [string, Uint8Array])[] {
  const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index);
  return [
    ["none", new Uint8Array()],
    ["a zero", new Uint8Array([0])],
    ["every byte", everyByte],
    ["not UTF-8", new Uint8Array([0xc3, 0x28, 0xff, 0xfe, 0xed, 0xa0, 0x80])],
    ["a byte order mark", new Uint8Array([0xef, 0xbb, 0xbf, 0x31])],
    ["JSON text", Buffer.from('{"a":1}')],
    ["a view into a larger array", everyByte.subarray(100, 110)],
    ["256 KiB", Uint8Array.from({ length: 256 * 1024 }, (_, index) => (index * 31) % 251)],
  ];
}

function awkwardKeys(): readonly string[] {
  return [
    ...["a b", "a b ", " a b", "a/b", "a//b", "a\\b", "a?b#c", "a%b", "a%25b", "a_b", "a.b", ".", "..", "a:b", "a|b"],
    ...["*?[a-z]", "'; --", '"', "`", "${", "{{a}}", "<a>", "a\tb", "a\nb", "a,b;c=d&e", "~!@$^()+"],
    ...[
      "Key",
      "key",
      "KEY",
      "\u00e9",
      "e\u0301",
      "\u00df",
      "ss",
      "日本語",
      "😀",
      "👩‍👩‍👧",
      "\u{10ffff}",
      "\u200b",
      "ı",
      "I",
    ],
    ...["__proto__", "constructor", "prototype", "toString", "id", "null", "undefined", "0", "00", "-0", "1e3"],
  ];
}
