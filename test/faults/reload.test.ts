// Two hundred saves: one evaluation each, and no memory that stays.
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { makeApp, read, remove, save, startDev } from "../dev/running.ts";
import { pause } from "./client.ts";

const app = (version: number): string => `import { appendFileSync } from "node:fs";
import { http, state, topic } from "faasten";
globalThis.loads = (globalThis.loads ?? 0) + 1;
appendFileSync("loads", "${version}\\n");
const ballast = new Array(1e6).fill(${version});
const notes = state("notes");
const later = topic("later");
export const version = http.get("/version", () => Response.json([${version}, globalThis.loads, ballast.length]));
export const onLater = later.subscribe({ uses: { notes: notes.readWrite } }, async () => {});
`;

test("after 200 saves all processes together have at most 1.2 times the memory of that after 20", {
  timeout: 600_000,
}, async () => {
  const folder = makeApp({
    "serverless.yml": "service: reload\nprovider: { name: aws }\ncustom: { faasten: { entry: [src/*.js] } }\n",
    "src/app.js": app(0),
  });
  const { url, said, output, child, stop } = await startDev(folder, { group: true });
  let early = 0;
  for (let version = 1; version <= 200; version++) {
    const from = output().length;
    save(folder, "src/app.js", app(version));
    await said(/a new version answers/, from);
    expect(await (await fetch(`${url}/version`)).json()).toEqual([version, 1, 1e6]);
    if (version === 20) early = await memoryOf(child.pid);
  }
  expect(read(folder, "loads").split("\n")).toEqual([...Array(201).keys(), ""].map(String));
  const late = await memoryOf(child.pid);
  console.log(`${early} MiB after 20 saves, ${late} MiB after 200`);
  expect(late).toBeLessThan(early * 1.2);
  expect(await stop()).toBe(0);
  remove(folder);
});

/** In MiB, of all processes of the group together, once only those are left that stay: the least of some moments. */
async function memoryOf(group: number | undefined): Promise<number> {
  const seen: number[] = [];
  while (seen.length < 20) {
    await pause(100);
    const list = execFileSync("ps", ["-eo", "pgid=,rss="], { encoding: "utf8" }).split("\n");
    const sizes = list.flatMap((line) => {
      const [pgid, size] = line.trim().split(/\s+/).map(Number);
      return pgid === group && size !== undefined ? [size / 1024] : [];
    });
    // The server, what serves, what waits, and esbuild.
    if (sizes.length === 4) seen.push(sizes.reduce((sum, size) => sum + size));
  }
  return Math.round(Math.min(...seen));
}
