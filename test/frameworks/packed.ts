// The package as a user gets it, built, packed and installed once for the whole suite, beside the libraries that apps bring.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { repository } from "../dev/running.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** A folder whose `node_modules` holds it. */
    readonly packed: string;
  }
}

export function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "faasten-frameworks-"));
  const run = (args: readonly string[], cwd: string): void =>
    void execFileSync("npm", args, {
      cwd,
      stdio: ["ignore", "ignore", "inherit"],
      shell: process.platform === "win32",
    });
  run(["run", "--silent", "build"], repository);
  run(["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], repository);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "";
  writeFileSync(join(folder, "package.json"), '{ "private": true }');
  run(["install", "--silent", "--prefer-offline", "--no-audit", "--no-fund", join(folder, tarball)], folder);
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  for (const name of ["@aws-crypto", "@aws-sdk", "@azure", "@smithy", "google-auth-library", "hono", "zod"])
    symlinkSync(join(repository, "node_modules", name), join(folder, "node_modules", name));
  project.provide("packed", folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
