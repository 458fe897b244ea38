// Programs in Go that the oracles are, built once from Go's own modules and kept; or why one cannot be had.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export type Built = { readonly path: string } | { readonly unavailable: string };

const kept = fileURLToPath(new URL("../../node_modules/.cache/faasten-oracles", import.meta.url));

/** Of a module that may replace others, which `go install` refuses: from a copy of its source. */
export function fromModule(name: string, module: string, version: string, main = "."): Built {
  return made(`${name}-${version}`, (folder) => {
    const env = { GOFLAGS: "-mod=mod" };
    const { stdout, failed } = go(["mod", "download", "-json", `${module}@${version}`], folder, env);
    if (failed !== undefined) return failed;
    const { Dir = "" } = JSON.parse(stdout) as { readonly Dir?: string };
    cpSync(Dir, join(folder, "source"), { recursive: true });
    spawnSync("chmod", ["-R", "u+w", "source"], { cwd: folder });
    return go(["build", "-o", join(folder, "built"), main], join(folder, "source"), env).failed;
  });
}

/** Of a program of ours, beside this file. */
export function fromFolder(name: string, source: string): Built {
  return made(name, (folder) => {
    cpSync(source, join(folder, "source"), { recursive: true });
    return go(["build", "-o", join(folder, "built"), "."], join(folder, "source"), {}).failed;
  });
}

function made(name: string, make: (folder: string) => string | undefined): Built {
  const path = join(kept, name);
  if (existsSync(path)) return { path };
  const folder = mkdtempSync(join(tmpdir(), "faasten-"));
  try {
    console.log(`building ${name}: some minutes, once`);
    const failed = make(folder);
    if (failed !== undefined) return { unavailable: failed };
    mkdirSync(kept, { recursive: true });
    cpSync(join(folder, "built"), `${path}.new`);
    renameSync(`${path}.new`, path);
    return { path };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function go(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): { readonly stdout: string; readonly failed: string | undefined } {
  const options = { cwd, env: { ...process.env, ...env }, encoding: "utf8", maxBuffer: 1 << 28 } as const;
  const { status, error, stdout, stderr } = spawnSync("go", args, options);
  if (error) return { stdout: "", failed: "there is no Go here" };
  const last = stderr.trim().split("\n").at(-1) ?? "";
  return { stdout, failed: status === 0 ? undefined : `go ${args[0]} failed: ${last}` };
}
