// Where a mistake in the code is told.
import { join } from "node:path";
import { expect, test } from "vitest";
import { createSources } from "../../../src/build/sources.ts";
import { folder } from "../manifest/folder.ts";

function sourcesOf(files: Readonly<Record<string, string>>): (name: string, entry: string) => string {
  const root = folder(files);
  const sources = createSources();
  for (const name of Object.keys(files)) sources.add(join(root, name));
  return (name, entry) => {
    const { file, line } = sources.find(name, join(root, entry));
    return `${file.slice(root.length + 1)}:${line}`;
  };
}

test("each way to export is found at the line where the function is written", () => {
  const find = sourcesOf({
    "a.ts": `// export const commented = 1;
/* export const
   hidden = 2; */
export const plain = 1, text = "export const no = 1";
export let changing = 1;
export async function later() {}
const inner = 1,
  second = 2;
export { inner, inner as renamed };
const template = \`
export const inTemplate = 1;
\`;
export
  const broken = 1;
export class Thing {}
`,
  });
  expect(find("plain", "a.ts")).toBe("a.ts:4");
  expect(find("changing", "a.ts")).toBe("a.ts:5");
  expect(find("later", "a.ts")).toBe("a.ts:6");
  expect(find("inner", "a.ts")).toBe("a.ts:7");
  expect(find("renamed", "a.ts")).toBe("a.ts:7");
  expect(find("broken", "a.ts")).toBe("a.ts:14");
  expect(find("Thing", "a.ts")).toBe("a.ts:15");
  for (const none of ["commented", "hidden", "no", "inTemplate", "unheard"]) expect(find(none, "a.ts")).toBe("a.ts:1");
});

test("imports and re-exports are followed to the file that the function is written in", () => {
  const find = sourcesOf({
    "entry.ts": `import first, { a as b } from "./deep/index.js";
export { b as c };
export { a as d, x } from "./deep/index.ts";
export * from "./all";
export { first };
export { lib } from "a-library";
`,
    "deep/index.ts": `
export const a = 1;
export default a;
export { x } from "../circle";
`,
    "all.mts": "\n\n\nexport const fromAll = 1;\n",
    "circle.ts": `export { x } from "./deep";\n`,
    "other.ts": "export const elsewhere = 1;\n",
  });
  expect(find("c", "entry.ts")).toBe("deep/index.ts:2");
  expect(find("d", "entry.ts")).toBe("deep/index.ts:2");
  expect(find("first", "entry.ts")).toBe("deep/index.ts:2");
  expect(find("fromAll", "entry.ts")).toBe("all.mts:4");
  expect(find("lib", "entry.ts")).toBe("entry.ts:6");
  expect(find("x", "entry.ts"), "a circle ends").toMatch(/:\d+$/);
  expect(find("elsewhere", "entry.ts"), "a file that the entry does not import").toBe("entry.ts:1");
});

test("a default export is found at its declaration, or where it stands", () => {
  const find = sourcesOf({
    "named.ts": "const a = 1;\n\nexport default a;\n",
    "bare.ts": "\n\nexport default http.get();\n",
    "object.ts": "\nexport default {\n  a: 1,\n};\n",
  });
  expect(find("default", "named.ts")).toBe("named.ts:1");
  expect(find("default", "bare.ts")).toBe("bare.ts:3");
  expect(find("default", "object.ts")).toBe("object.ts:2");
});
