// Fifty functions packaged by the plugin and by serverless-esbuild, side by side: the figures are printed, and held to nothing.
import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeProject, type Project } from "./project.ts";

const functions = Array.from({ length: 50 }, (_, index) => `function${index}`);

interface Figures {
  readonly seconds: number;
  readonly megabytes: number;
}

function make(plugin: string, library: boolean): Project {
  const project = makeProject("osls", plugin === "serverless-esbuild" ? [plugin, "esbuild"] : []);
  const list = functions.map(
    (name) => `  ${name}:\n    handler: src/${name}.handler\n    events: [{ httpApi: GET /${name} }]\n`,
  );
  const custom = "custom: { esbuild: { bundle: true, minify: true, target: node22, exclude: [] } }\n";
  project.write("package.json", '{ "private": true }');
  project.write(
    "serverless.yml",
    `service: fifty\nprovider: { name: aws, runtime: nodejs22.x }\npackage: { individually: true }\nplugins: [${plugin}]\n${custom}functions:\n${list.join("")}`,
  );
  project.write(
    "src/answer.ts",
    "export const answer = (name: string) => ({ statusCode: 200, body: `from ${name}` });\n",
  );
  const head = library ? 'import * as z from "zod";\nconst Asked = z.object({ name: z.string() });\n' : "";
  const name = library ? "Asked.parse(event).name" : "event.name";
  for (const each of functions)
    project.write(
      `src/${each}.ts`,
      `${head}import { answer } from "./answer.ts";\nexport const handler = async (event: { name: string }) => answer(${name});\n`,
    );
  return project;
}

async function measure(project: Project): Promise<Figures> {
  for (const name of [".serverless", ".esbuild", ".faasten"])
    rmSync(join(project.folder, name), { recursive: true, force: true });
  const begun = performance.now();
  const { child, ended, said } = project.start("package");
  let kilobytes = 0;
  const look = setInterval(() => {
    kilobytes = Math.max(kilobytes, memoryOf(child.pid ?? 0));
  }, 100);
  const code = await ended;
  clearInterval(look);
  expect(code, said()).toBe(0);
  const archives = readdirSync(join(project.folder, ".serverless")).filter((name) => name.endsWith(".zip"));
  expect(archives.length).toBe(functions.length);
  return { seconds: (performance.now() - begun) / 1000, megabytes: kilobytes / 1024 };
}

/** Of the process and all that it has started. */
function memoryOf(root: number): number {
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid=,rss="], { encoding: "utf8" }).trim().split("\n");
  const tree = new Set([root]);
  const processes = rows.map((row) => row.trim().split(/\s+/).map(Number));
  return processes
    .sort(([a = 0], [b = 0]) => a - b)
    .reduce((sum, [pid = 0, parent = 0, rss = 0]) => {
      if (tree.has(parent)) tree.add(pid);
      return tree.has(pid) ? sum + rss : sum;
    }, 0);
}

test.each([
  ["of the app's own code alone", false],
  ["each with a library", true],
])("fifty functions, %s", async (what, library) => {
  const [ours, theirs] = [make("faasten/serverless", library), make("serverless-esbuild", library)];
  const rounds: { readonly ours: Figures; readonly theirs: Figures }[] = [];
  for (let round = 0; round < 3; round++) rounds.push({ ours: await measure(ours), theirs: await measure(theirs) });
  const middle = (figures: readonly number[]): number => figures.toSorted((a, b) => a - b)[1] ?? Number.NaN;
  const seconds = [middle(rounds.map((one) => one.ours.seconds)), middle(rounds.map((one) => one.theirs.seconds))];
  const megabytes = [
    middle(rounds.map((one) => one.ours.megabytes)),
    middle(rounds.map((one) => one.theirs.megabytes)),
  ];
  const ratio = ([a = 0, b = 0]: readonly number[]): string => (a / b).toFixed(2);
  console.log(
    `50 functions ${what} packaged: faasten/serverless ${seconds[0]?.toFixed(1)} s, ${megabytes[0]?.toFixed(0)} MB; serverless-esbuild ${seconds[1]?.toFixed(1)} s, ${megabytes[1]?.toFixed(0)} MB; ratio ${ratio(seconds)} of the time (the goal is 0.25) and ${ratio(megabytes)} of the memory`,
  );
});
