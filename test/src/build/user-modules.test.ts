// Which modules of a bundle are the user's own.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { userModules } from "../../../src/build/user-modules.ts";

test("all files of the app's folder, whatever they are called, but those of packages", async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "faasten-(own)+")));
  const own = [
    "n.js",
    "node.ts",
    "node/a.js",
    "node_module/b.js",
    "node_modules2/c.mjs",
    "node_modules.cts",
    "src/deep/d.ts",
    ".hidden/e.js",
  ];
  const foreign = ["node_modules/lib/index.js", "src/node_modules/inner/index.js"];
  try {
    for (const file of [...own, ...foreign]) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), `export const at = ${JSON.stringify(file)};\n`);
    }
    const contents = [...own, ...foreign].map((file) => `import "./${file}";`).join("\n");
    const seen: string[] = [];
    await build({
      stdin: { contents, resolveDir: folder },
      bundle: true,
      write: false,
      format: "esm",
      plugins: [userModules({ folder, seen: (file) => seen.push(file.slice(folder.length + 1)) })],
    });
    expect(seen.sort()).toEqual([...own].sort());
  } finally {
    rmSync(folder, { recursive: true });
  }
});
