// What is measured as a function of a cloud: our bundles, as `faasten build` makes them, and what one would write instead.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { bundling } from "../../src/build/bundling.ts";
import type { Weight } from "../../src/build/report.ts";
import { here } from "./server.ts";

/** One that Lambda could load. */
export interface Bundle {
  readonly name: string;
  readonly event: "http" | "sqs";
  readonly file: string;
  readonly bytes: number;
}

export interface Workshop {
  /** Of each kind of event ours is the first, the control the second, and the bare handler the third. */
  lambdas(): Promise<readonly Bundle[]>;
  /** What the one function of an entry weighs on a cloud. */
  weight(entry: string, target: string): Weight;
  close(): void;
}

/** Both are built checkouts of ours. */
export function openWorkshop(checkout: string, control: string): Workshop {
  const folder = mkdtempSync(join(tmpdir(), "faasten-bench-"));

  /** Gives the folder of what was made. */
  function make(from: string, entry: string, target: string): string {
    const app = join(folder, `${entry}-${target}`, from === checkout ? "own" : "other");
    cpSync(join(here, "apps/functions"), app, { recursive: true });
    const main = join(from, "dist/src/cli/main.js");
    execFileSync(process.execPath, [main, "build", "--target", target, "--param", `entry=${entry}`], {
      cwd: app,
      stdio: ["ignore", "ignore", "inherit"],
    });
    return join(app, ".faasten", target);
  }

  return {
    async lambdas() {
      const names = ["bare", "bare-sqs", "middy", "middy-http", "hono"];
      await build({
        ...bundling,
        minify: true,
        entryPoints: names.map((name) => join(here, "apps/lambda", `${name}.mjs`)),
        outdir: folder,
        outExtension: { ".js": ".mjs" },
      });
      const own = make(checkout, "called", "aws");
      const again = join(folder, "again");
      cpSync(control === checkout ? own : make(control, "called", "aws"), again, { recursive: true });
      const second = control === checkout ? "faasten again" : "other";
      const at = (name: string, event: Bundle["event"], file: string): Bundle => {
        return { name, event, file, bytes: statSync(file).size };
      };
      const order = "functions/order/index.mjs";
      const count = "functions/count/index.mjs";
      return [
        at("faasten", "http", join(own, order)),
        at(second, "http", join(again, order)),
        at("bare handler", "http", join(folder, "bare.mjs")),
        at("middy, core alone", "http", join(folder, "middy.mjs")),
        at("middy with headers, JSON, errors", "http", join(folder, "middy-http.mjs")),
        at("Hono", "http", join(folder, "hono.mjs")),
        at("faasten", "sqs", join(own, count)),
        at(second, "sqs", join(again, count)),
        at("bare handler", "sqs", join(folder, "bare-sqs.mjs")),
      ];
    },
    weight(entry, target) {
      const report = readFileSync(join(make(checkout, entry, target), "report.json"), "utf8");
      const [only] = Object.values(JSON.parse(report) as Record<string, Weight>);
      if (!only) throw new Error(`nothing was made of ${entry} for ${target}`);
      return only;
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
