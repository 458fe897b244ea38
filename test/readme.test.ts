// The README's console blocks, typed in their order, against the demo app; its answers are the app's.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { command, copyOrders, type Running, remove, repository, startDev } from "./dev/running.ts";

/** But for the one section that begins in an empty folder: the packed package follows that. */
const readme = readFileSync(join(repository, "README.md"), "utf8").replace(/^## Bring your Lambda\n.*?(?=^## )/ms, "");
let folder: string;
let running: Running;

beforeAll(async () => {
  folder = copyOrders();
  running = await startDev(folder);
});

afterAll(async () => {
  await running.stop();
  remove(folder);
});

describe("the README", () => {
  const { try: tried, start, passed } = commandsOf(readme);

  test("begins with its two commands", () => {
    expect([start, passed]).toEqual(["npm ci && npm start", "npm ci && npm test"]);
    const { scripts } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
    expect(scripts).toMatchObject({ start: expect.stringContaining("dev"), test: expect.stringContaining("vitest") });
  });

  for (const { line, answer } of tried) {
    test(line, async () => {
      // What is published is handled a moment later: a reader types slower than this. A build is the same each time.
      if (/ -d | -X |redrive|--target/.test(line)) expect(await type(line)).toBe(answer);
      else await expect.poll(() => type(line), { timeout: 10_000 }).toBe(answer);
    }, 240_000);
  }

  test("names only npm scripts and files that there are", () => {
    const { scripts } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
    for (const [, name = ""] of readme.matchAll(/`npm run ([\w:-]+)/g)) expect(scripts).toHaveProperty([name]);
    for (const [, file = ""] of readme.matchAll(/\]\((?!http)([^)#]+)\)/g))
      expect(() => readFileSync(join(repository, file))).not.toThrow(/ENOENT/);
  });
});

async function type(line: string): Promise<string> {
  const local = line
    .replaceAll("localhost:3000", running.url)
    .replaceAll("npm run --silent faasten --", [process.execPath, ...command].join(" "));
  const { stdout } = await promisify(execFile)("bash", ["-c", local], { cwd: folder });
  return stdout.trimEnd();
}

interface Typed {
  readonly line: string;
  readonly answer: string;
}

function commandsOf(text: string): { readonly start: string; readonly passed: string; readonly try: readonly Typed[] } {
  const typed: Typed[] = [];
  for (const [, block = ""] of text.matchAll(/```console\n([\s\S]*?)```/g)) {
    for (const part of block.split(/^\$ /m).slice(1)) {
      const [line = "", ...answer] = part.split("\n");
      typed.push({ line, answer: answer.join("\n").trimEnd() });
    }
  }
  const [start, passed, ...rest] = typed;
  return { start: start?.line ?? "", passed: passed?.line ?? "", try: rest };
}
