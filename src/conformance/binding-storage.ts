// What a binding that stores must do: the same bytes back, by the same key and by no other.
import assert from "node:assert/strict";
import { FaastenError } from "../errors.ts";
import { assertObject, type BindingCase, bytes, fresh, listed } from "./binding-harness.ts";

export const storageCases: readonly BindingCase[] = [
  ...contents().map(
    ([name, content]): BindingCase => ({
      name: `bytes come back as they were: ${name}`,
      needs: "storage",
      async run({ component }) {
        const key = fresh();
        const { key: told } = (await component.create?.({ value: { bytes: content } }, { key })) ?? {};
        assert.equal(told, key);
        assertObject(await component.get?.(key), key, content);
      },
    }),
  ),
  {
    name: "JSON is kept as its text, as application/json",
    needs: "storage",
    async run({ component }) {
      const key = fresh();
      const json = '{"b":1.50,"a":"é"}';
      await component.create?.({ value: { json } }, { key });
      const found = await component.get?.(key);
      assertObject(found, key, bytes(json));
      assert.equal(found?.contentType, "application/json");
    },
  },
  {
    name: "content type and metadata come back with the bytes; without a type, bytes are application/octet-stream",
    needs: "storage",
    async run({ component }) {
      const [typed, bare] = [fresh(), fresh()];
      const about = { contentType: "text/plain; charset=utf-8", metadata: { orderid: "a 1", shop: "eu" } };
      await component.create?.({ value: { bytes: bytes("text") }, ...about }, { key: typed });
      await component.create?.({ value: { bytes: bytes("text") } }, { key: bare });
      const [one, other] = [await component.get?.(typed), await component.get?.(bare)];
      assert.deepEqual([one?.contentType, { ...one?.metadata }], [about.contentType, about.metadata]);
      assert.deepEqual([other?.contentType, { ...other?.metadata }], ["application/octet-stream", {}]);
    },
  },
  {
    name: "an object is replaced whole, its content type and metadata too",
    needs: "storage",
    async run({ component }) {
      const key = fresh();
      const long = { value: { bytes: bytes("a longer text") }, contentType: "text/plain", metadata: { a: "1" } };
      await component.create?.(long, { key });
      await component.create?.({ value: { bytes: bytes("short") } }, { key });
      const found = await component.get?.(key);
      assertObject(found, key, bytes("short"));
      assert.deepEqual([found?.contentType, { ...found?.metadata }], ["application/octet-stream", {}]);
    },
  },
  {
    name: "without a key, each gets one of its own, by which it is found",
    needs: "storage",
    async run({ component }) {
      const made = await Promise.all(
        ["one", "two"].map(
          async (text) => [text, await component.create?.({ value: { bytes: bytes(text) } })] as const,
        ),
      );
      for (const [text, created] of made) {
        assert.ok(created?.key, "no key was told");
        assertObject(await component.get?.(created.key), created.key, bytes(text));
      }
      assert.notEqual(made[0]?.[1]?.key, made[1]?.[1]?.key);
    },
  },
  {
    name: "what is not there is undefined, also by a part of a key; deleting tells whether it was",
    needs: "storage",
    async run({ component }) {
      const key = fresh("folder/file");
      await component.create?.({ value: { bytes: bytes("x") } }, { key });
      for (const other of [fresh(), key.slice(0, -1), `${key}x`, "folder", `${key}/more`])
        assert.equal(await component.get?.(other), undefined, other);
      assert.equal(await component.delete?.(fresh()), false);
      assert.equal(await component.delete?.("folder"), false);
      assert.equal(await component.delete?.(key), true);
      assert.equal(await component.get?.(key), undefined);
      assert.equal(await component.delete?.(key), false);
    },
  },
  ...plainKeys().map(
    (name): BindingCase => ({
      name: `a key as it is: ${shown(name)}`,
      needs: "storage",
      async run(harness) {
        const { component } = harness;
        const key = name(crypto.randomUUID());
        await component.create?.({ value: { bytes: bytes(key) } }, { key });
        assertObject(await component.get?.(key), key, bytes(key));
        assert.deepEqual(
          (await listed(harness, key)).map((one) => one.key),
          [key],
        );
        assert.equal(await component.delete?.(key), true);
        assert.deepEqual(await listed(harness, key), []);
      },
    }),
  ),
  {
    name: "hostile keys: each is refused as INVALID, or is a key like any other, and never another one",
    needs: "storage",
    async run(harness) {
      const { component } = harness;
      const id = crypto.randomUUID();
      const keys = hostileKeys(id);
      const taken: string[] = [];
      for (const key of keys) {
        const created = component.create?.({ value: { bytes: bytes(`of ${key}`) } }, { key });
        if (!(await isRefused(created))) taken.push(key);
        else if (!(await isRefused(component.get?.(key))))
          assert.equal(await component.get?.(key), undefined, `${shown(key)} was refused, and is there`);
      }
      for (const key of taken) assertObject(await component.get?.(key), key, bytes(`of ${key}`));
      const all = (await listed(harness, "")).map((one) => one.key);
      assert.deepEqual(all.filter((key) => key.includes(id)).sort(), taken.filter((key) => key.includes(id)).sort());
      for (const key of taken) assert.equal(await component.delete?.(key), true, shown(key));
    },
  },
  {
    name: "no key, and one above 1024 bytes, are INVALID everywhere",
    needs: "storage",
    async run(harness) {
      const { component } = harness;
      for (const key of ["", "é".repeat(513), "\ud800"]) {
        const refused = { code: "INVALID" };
        await assert.rejects(async () => component.create?.({ value: { bytes: bytes("x") } }, { key }), refused);
        await assert.rejects(async () => component.get?.(key), refused);
        await assert.rejects(async () => component.delete?.(key), refused);
      }
    },
  },
  {
    name: "a list is by prefix, in UTF-8 order, with sizes and times",
    needs: "storage",
    async run(harness) {
      const { component } = harness;
      const root = fresh("list");
      const names = ["a", "a/b", "a b", "B", "b/\u{1f600}", "b/\uffee", "é"].filter((name) => name !== "a");
      const before = Date.now();
      for (const name of [...names].reverse())
        await component.create?.({ value: { bytes: bytes(name) } }, { key: `${root}/${name}` });
      const found = await listed(harness, `${root}/`);
      const sorted = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      assert.deepEqual(
        found.map(({ key }) => key),
        sorted.map((name) => `${root}/${name}`),
      );
      for (const { key, size, modifiedAt } of found) {
        assert.equal(size, bytes(key.slice(root.length + 1)).length);
        assert.ok(Math.abs(modifiedAt - before) < 60_000, "modified at another time");
      }
      assert.deepEqual((await listed(harness, `${root}/b`)).length, 2);
      assert.deepEqual(await listed(harness, `${root}/none`), []);
    },
  },
  {
    name: "of many creates of one key at once, one stands, whole, with what was told of it",
    needs: "storage",
    async run({ component, second = component }) {
      const key = fresh("folder/hot");
      await Promise.all(
        Array.from({ length: 30 }, async (_, index) => {
          const client = index % 2 ? component : second;
          const text = String(index).repeat(5_000);
          await client.create?.({ value: { bytes: bytes(text) }, metadata: { index: `${index}` } }, { key });
          const found = await client.get?.(key);
          assert.ok(found, "it was gone for a moment");
          assertObject(found, key, bytes(String(found.metadata?.["index"]).repeat(5_000)));
        }),
      );
    },
  },
  {
    name: "creating and deleting neighbours at once loses nothing",
    needs: "storage",
    async run({ component }) {
      const folder = fresh("folder");
      await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const key = `${folder}/${index}/object`;
          for (let round = 0; round < 3; round++) {
            await component.create?.({ value: { bytes: bytes(key) } }, { key });
            assertObject(await component.get?.(key), key, bytes(key));
            assert.equal(await component.delete?.(key), true);
          }
        }),
      );
    },
  },
  {
    name: "an aborted signal rejects, and nothing is done",
    needs: "storage",
    async run(harness) {
      const { component } = harness;
      const [kept, none] = [fresh(), fresh()];
      const signal = AbortSignal.abort();
      await component.create?.({ value: { bytes: bytes("x") } }, { key: kept });
      await assert.rejects(async () => component.create?.({ value: { bytes: bytes("x") } }, { key: none, signal }));
      await assert.rejects(async () => component.get?.(kept, { signal }));
      await assert.rejects(async () => component.delete?.(kept, { signal }));
      await assert.rejects(async () => {
        for await (const _ of component.list?.("", { signal }) ?? []) return;
      });
      assert.equal(await component.get?.(none), undefined);
      assert.ok(await component.get?.(kept));
    },
  },
];

function contents(): readonly (readonly [string, Uint8Array])[] {
  return [
    ["every byte", Uint8Array.from({ length: 256 }, (_, index) => index)],
    ["none", new Uint8Array()],
    ["what looks like JSON", bytes('{"a":1}')],
    ["line ends", bytes("a\r\nb\n\r")],
    ["part of a larger buffer", new Uint8Array(bytes("__inner__").buffer, 2, 5)],
    ["a megabyte", new Uint8Array(1024 * 1024).map((_, index) => index * 31)],
  ];
}

/** What every service must have as a key. */
function plainKeys(): readonly ((id: string) => string)[] {
  return [
    (id) => `${id}`,
    (id) => `${id}/deeper/still.pdf`,
    (id) => `${id} with spaces and (signs) + & = @ ! ~ ' ,;`,
    (id) => `${id}-100%25-50%`,
    (id) => `${id}/日本/😀/é`,
    (id) => `${id}.tar.gz`,
    (id) => `${id}/${"long-".repeat(150)}`,
  ];
}

function hostileKeys(id: string): readonly string[] {
  return [
    ...[
      `../${id}`,
      `../../../../../../tmp/${id}`,
      `a/../../${id}`,
      `${id}/..`,
      `${id}/../x`,
      `./${id}`,
      `${id}/.`,
      `/${id}`,
    ],
    ...[`/tmp/${id}`, `${id}/`, `${id}//x`, `//${id}`, `C:\\${id}`, `..\\${id}`, `${id}\\x`, `${id}\0.txt`, `\0${id}`],
    ...[`%2e%2e/${id}`, `%2e%2e%2f${id}`, `${id}%00`, `${id}%2Fx`, `file:///${id}`, `~/${id}`, `${id}?x#y`, `${id}*`],
    ...[
      `.${id}`,
      `.faasten/${id}`,
      `.faasten/tmp/${id}`,
      `${id}.`,
      `${id} `,
      ` ${id}`,
      `${id}\n`,
      `${id}\t`,
      `${id}%~/x`,
    ],
    ...[`${id}/e\u0301`, `${id}/\u00e9`, `${id}/CASE`, `${id}/case`, `${id}|x`, `${id}"x"`, `<${id}>`, `-rf ${id}`],
    ...["__proto__", "constructor", "..", ".", "/", "%", "con", "nul"],
  ];
}

async function isRefused(work: Promise<unknown> | undefined): Promise<boolean> {
  try {
    await work;
    return false;
  } catch (error) {
    if (error instanceof FaastenError && error.code === "INVALID") return true;
    throw error;
  }
}

function shown(key: string | ((id: string) => string)): string {
  const text = JSON.stringify(typeof key === "string" ? key : key("<id>"));
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
