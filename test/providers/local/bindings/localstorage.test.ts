// What `bindings.localstorage` keeps inside its root, whatever the key; and what it tells of after a crash.
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { create } from "../../../../providers/local/bindings/localstorage.ts";
import { fromPath, toPath } from "../../../../providers/local/object-paths.ts";
import type { EventArrival, ObjectChange } from "../../../../src/provider.ts";
import { folder } from "../folder.ts";

type Storage = Awaited<ReturnType<typeof create>>;

async function open(rootPath: string): Promise<Storage> {
  const storage = await create({ name: "uploads", service: "tests", metadata: { rootPath } });
  onTestFinished(async () => storage.close());
  return storage;
}

const put = (storage: Storage, key: string, text = "x"): Promise<unknown> =>
  storage.create({ value: { bytes: Buffer.from(text) } }, { key });

const hostile = [
  ...[
    "../outside",
    "../../outside",
    "a/../../outside",
    "..",
    ".",
    "a/..",
    "./a",
    "a/.",
    "/outside",
    "//outside",
    "/",
    "a//b",
    "a/",
  ],
  ...[
    "C:\\outside",
    "..\\outside",
    "\\\\host\\share",
    "nul\0byte",
    "\0",
    "a/\0/../b",
    "%2e%2e/outside",
    "..%2foutside",
    "%2e%2e%2fx",
  ],
  ...[
    ".hidden",
    ".faasten",
    ".faasten/tmp/x",
    ".faasten/changes.db",
    "...",
    "....//x",
    "%",
    "%~",
    "a%~/b",
    "a%",
    "%00",
    "%2F",
  ],
  ...[
    "a\nb",
    "a\tb",
    "dot.",
    "space ",
    " ",
    "con",
    "x:y",
    '"<>|*?',
    "~",
    "~root",
    "$HOME",
    "`id`",
    "-rf",
    "é",
    "e\u0301",
    "\u202e",
  ],
  ...[
    "😀".repeat(256),
    "a".repeat(1024),
    `${"a".repeat(199)}../x`,
    ".".repeat(600),
    "/".repeat(1024),
    "%".repeat(1024),
  ],
];

test("hostile keys: every one is a key like any other, and its file lies below the root", async () => {
  for (const [index, key] of hostile.entries()) {
    const outer = folder();
    const root = join(outer, "root");
    writeFileSync(join(outer, "outside"), "untouched");
    const storage = await open(root);
    await put(storage, key, `of ${index}`);
    expect((await storage.get(key))?.value, key).toEqual({ bytes: Buffer.from(`of ${index}`) });
    const keys: string[] = [];
    for await (const one of storage.list("")) keys.push(one.key);
    expect(keys).toEqual([key]);
    expect(readdirSync(outer).sort(), key).toEqual(["outside", "root"]);
    expect(readFileSync(join(outer, "outside"), "utf8")).toBe("untouched");
    const names = toPath(key, "");
    expect(names.some((name) => /^\.|[\0/\\]/.test(name) || name === "" || Buffer.byteLength(name) > 255)).toBe(false);
    expect(await storage.delete(key)).toBe(true);
    expect(readdirSync(root), key).toEqual([".faasten"]);
    expect(readdirSync(join(root, ".faasten/tmp")), key).toEqual([]);
    expect(readdirSync(join(root, ".faasten/about")), key).toEqual([]);
  }
});

test("no two keys have one path, and every path leads back to its key", () => {
  const paths = new Map<string, string>();
  for (const key of hostile) {
    const names = toPath(key, "");
    expect(fromPath(names)).toBe(key);
    expect(paths.get(names.join("/")), key).toBeUndefined();
    paths.set(names.join("/"), key);
  }
  for (const none of [[".."], [".a"], ["a%2F"], ["100%"], ["a%41"], ["%7e"], ["", "a"], ["a%~"], ["b", ".faasten"]])
    expect(fromPath(none), none.join("/")).toBeUndefined();
});

test("links lead nowhere: neither of a file nor of a folder, to read, write, list or delete", async () => {
  const outer = folder();
  const root = join(outer, "root");
  mkdirSync(join(outer, "secret"));
  mkdirSync(root);
  writeFileSync(join(outer, "secret/file"), "secret");
  symlinkSync(join(outer, "secret"), join(root, "folder"));
  symlinkSync(join(outer, "secret/file"), join(root, "file"));
  symlinkSync(join(outer, "nowhere"), join(root, "broken"));
  symlinkSync(root, join(root, "loop"));
  const storage = await open(root);
  await put(storage, "plain");
  const refused = { code: "DENIED", message: expect.stringContaining("link") };
  for (const key of [
    "folder/file",
    "folder/new",
    "folder/deep/new",
    "file",
    "broken",
    "loop/plain",
    "loop/loop/plain",
  ]) {
    await expect(put(storage, key), key).rejects.toMatchObject(refused);
    await expect(storage.get(key), key).rejects.toMatchObject(refused);
    await expect(storage.delete(key), key).rejects.toMatchObject(refused);
  }
  const keys: string[] = [];
  for await (const { key } of storage.list("")) keys.push(key);
  expect(keys).toEqual(["plain"]);
  expect(readdirSync(join(outer, "secret"))).toEqual(["file"]);
  expect(readFileSync(join(outer, "secret/file"), "utf8")).toBe("secret");
  expect(readdirSync(outer).sort()).toEqual(["root", "secret"]);
});

test("the root itself may be a link: that is its owner's choice", async () => {
  const outer = folder();
  mkdirSync(join(outer, "real"));
  symlinkSync(join(outer, "real"), join(outer, "root"));
  const storage = await open(join(outer, "root"));
  await put(storage, "a/b");
  expect(readFileSync(join(outer, "real/a/b"), "utf8")).toBe("x");
});

test("a key that is the beginning of another's path is INVALID, and both stay as they are", async () => {
  const storage = await open(folder());
  await put(storage, "a", "file");
  await put(storage, "b/c", "below");
  for (const key of ["a/b", "a/b/c", "b"])
    await expect(put(storage, key), key).rejects.toMatchObject({ code: "INVALID" });
  expect([await storage.get("a/b"), await storage.get("b"), await storage.delete("b")]).toEqual([
    undefined,
    undefined,
    false,
  ]);
  expect(await storage.get("b/c")).toBeTruthy();
  expect([await storage.delete("a"), await storage.delete("b/c")]).toEqual([true, true]);
  await put(storage, "a/b");
  await put(storage, "b");
});

test("files put there by hand are objects without a type, also in place of one that had", async () => {
  const root = folder();
  const storage = await open(root);
  mkdirSync(join(root, "by"));
  writeFileSync(join(root, "by/hand.txt"), "hand");
  expect(await storage.get("by/hand.txt")).toEqual({ key: "by/hand.txt", value: { bytes: Buffer.from("hand") } });
  await storage.create({ value: { json: "1" }, metadata: { a: "1" } }, { key: "made" });
  writeFileSync(join(root, "made"), "by hand");
  expect(await storage.get("made")).toEqual({ key: "made", value: { bytes: Buffer.from("by hand") } });
});

test("a root that cannot be used says so", async () => {
  const file = join(folder(), "file");
  writeFileSync(file, "");
  await expect(put(await open(file), "a")).rejects.toMatchObject({
    code: "MISCONFIGURED",
    message: expect.stringContaining("rootPath"),
  });
  const closed = folder();
  chmodSync(closed, 0o500);
  onTestFinished(() => chmodSync(closed, 0o700));
  if (process.getuid?.() !== 0)
    await expect(put(await open(join(closed, "root")), "a")).rejects.toMatchObject({ code: "MISCONFIGURED" });
});

function keysTold(arrivals: readonly EventArrival[]): ReadonlySet<string> {
  return new Set(
    arrivals.map(({ event: { data } }) => (JSON.parse(data && "json" in data ? data.json : "") as ObjectChange).key),
  );
}

test("a process that is killed while it writes: what is there is whole, and is told to whoever comes after", async () => {
  const root = folder();
  const input = { subscriber: "taken", attempts: 5 };
  const first = await create({ name: "uploads", service: "tests", metadata: { rootPath: root } });
  await first.consume([input], async () => ({ kind: "done" }));
  await first.close();

  const module = fileURLToPath(new URL("../../../../providers/local/bindings/localstorage.ts", import.meta.url));
  for (let round = 0; round < 3; round++) {
    const source = `
      const { create } = await import(${JSON.stringify(module)});
      const storage = await create({ name: "uploads", service: "tests", metadata: { rootPath: ${JSON.stringify(root)} } });
      for (let index = 0; ; index++) {
        await storage.create({ value: { bytes: Buffer.alloc(20_000, index) }, metadata: { index: String(index) } }, { key: "${round}/" + index });
        console.log(index);
      }`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let written = -1;
    await new Promise<void>((resolve) => {
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        written = Number(text.trim().split("\n").at(-1));
        if (written >= 10 + round) child.kill("SIGKILL");
      });
      child.once("close", () => resolve());
    });

    const arrivals: EventArrival[] = [];
    const next = await create({ name: "uploads", service: "tests", metadata: { rootPath: root } });
    await next.consume([input], async (_input, arrival) => {
      arrivals.push(arrival);
      return { kind: "done" };
    });
    const there: string[] = [];
    for await (const { key, size } of next.list(`${round}/`)) {
      there.push(key);
      expect(size).toBe(20_000);
      const index = Number(key.split("/")[1]);
      expect(await next.get(key)).toMatchObject({
        value: { bytes: Buffer.alloc(20_000, index) },
        metadata: { index: `${index}` },
      });
    }
    expect(there.length).toBeGreaterThan(written);
    await expect.poll(() => there.filter((key) => !keysTold(arrivals).has(key)), { timeout: 20_000 }).toEqual([]);
    await next.close();
  }
});

test("what is put there and taken away by hand while nobody looks is told at the next start", async () => {
  const root = folder();
  const input = { subscriber: "taken", attempts: 5 };
  const first = await open(root);
  await put(first, "old");
  await first.consume([input], async () => ({ kind: "done" }));
  await first.close();
  const { rmSync } = process.getBuiltinModule("node:fs");
  rmSync(join(root, "old"));
  writeFileSync(join(root, "new.txt"), "new");
  const arrivals: EventArrival[] = [];
  await (await open(root)).consume([input], async (_input, arrival) => {
    arrivals.push(arrival);
    return { kind: "done" };
  });
  await expect.poll(() => [...keysTold(arrivals)].sort(), { timeout: 20_000 }).toEqual(["new.txt", "old"]);
  expect(arrivals.map(({ event }) => event.type).sort()).toEqual(["object.created", "object.deleted"]);
});
