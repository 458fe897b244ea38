// Which files of an app are Lambda handlers, told by who imports them and what is handed to `lambda()`.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { afterEach, expect, test } from "vitest";
import { lambdaModules } from "../../../src/build/lambda-modules.ts";
import { markPure } from "../../../src/build/pure.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** The names of the files, of handlers and of all that stay as they are. */
async function found(app: string, files: Readonly<Record<string, string>> = {}): Promise<readonly [string, string]> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "faasten-lambdas-")));
  folders.push(folder);
  const all = { "app.ts": app, "a.js": 'import "./deep.js"; export const handler = 1;', "deep.js": "", ...files };
  for (const [name, text] of Object.entries({
    "b.cjs": "exports.handler = 2;",
    "other.js": "export const x = 3;",
    ...all,
  })) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const sources = Object.keys(all).map((name) => join(folder, name));
  const { metafile } = await build({
    entryPoints: [join(folder, "app.ts")],
    ...{ bundle: true, write: false, metafile: true, format: "esm", platform: "node", external: ["faasten"] },
    absWorkingDir: folder,
    outfile: join(folder, "out.mjs"),
  });
  const { handlers, all: kept } = await lambdaModules(metafile, folder, sources);
  const names = (paths: ReadonlySet<string>): string =>
    [...paths]
      .map((path) => basename(path))
      .sort()
      .join(" ");
  return [names(handlers), names(kept)];
}

const cases: readonly (readonly [what: string, app: string, expected: readonly [string, string]])[] = [
  [
    "one by name",
    'import { handler } from "./a.js"; export const f = lambda(handler, {} as never);',
    ["a.js", "a.js deep.js"],
  ],
  [
    "one by another name",
    'import { handler as h } from "./a.js"; export const f = lambda(h, {});',
    ["a.js", "a.js deep.js"],
  ],
  [
    "a member of a whole module",
    'import * as a from "./a.js"; export const f = lambda(a.handler, {});',
    ["a.js", "a.js deep.js"],
  ],
  ["one of CommonJS", 'import b from "./b.cjs"; export const f = lambda(b.handler, {});', ["b.cjs", "b.cjs"]],
  [
    "one inside of a call",
    'import { handler } from "./a.js"; export const f = lambda(((h) => h)(handler), {});',
    ["a.js", "a.js deep.js"],
  ],
  [
    "what is no first argument",
    'import { x } from "./other.js"; export const f = lambda(() => 1, x as never);',
    ["", ""],
  ],
  ["what another function takes", 'import { x } from "./other.js"; export const f = [lambda, String(x)];', ["", ""]],
];
test.each(cases)("%s", async (_what, app, expected) => {
  expect(await found(`import { lambda } from "faasten"; ${app}`)).toEqual(expected);
});

test("lambda by another name, and as a member of the whole package; another's lambda is none", async () => {
  const handed = 'import { handler } from "./a.js";';
  expect(await found(`import { lambda as l } from "faasten"; ${handed} export const f = l(handler, {});`)).toEqual([
    "a.js",
    "a.js deep.js",
  ]);
  expect(
    await found(`import * as faasten from "faasten"; ${handed} export const f = faasten.lambda(handler, {});`),
  ).toEqual(["a.js", "a.js deep.js"]);
  const own = 'import { http } from "faasten"; import { x as lambda } from "./other.js";';
  expect(await found(`${own} ${handed} export const f = [lambda(handler, {}), http];`)).toEqual(["", ""]);
});

test("for a host that runs handlers as they are, only the handler of the one function is left", () => {
  const code =
    'import { http, lambda } from "faasten";\nexport const a = lambda(one, { on: http.any("/") }), b = lambda(two, {});\n';
  expect(markPure(code, new Set(["a", "b"]), "a")).toBe(
    'import { http, lambda } from "faasten";\nexport const a = /* @__PURE__ */ (() => ({ lambda: { handler: one } }))(), b = /* @__PURE__ */ (() => lambda(two, {}))();\n',
  );
  expect(
    markPure('import { http } from "faasten";\nexport const a = http.get("/", b);', new Set(["a"]), "a"),
  ).toContain('http.get("/", b)');
});
