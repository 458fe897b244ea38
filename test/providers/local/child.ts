// A process of its own, for what only several processes show.
import { spawn } from "node:child_process";

/** Runs the module text until it ends; rejects unless it ends well. */
export function child(source: string, cwd: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const running = spawn(process.execPath, ["--input-type=module", "-e", source], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  let wailed = "";
  running.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  running.stderr.setEncoding("utf8").on("data", (text: string) => (wailed += text));
  running.on("error", reject);
  running.on("close", (code) => (code === 0 ? resolve(said) : reject(new Error(`ended with ${code}: ${wailed}`))));
  return promise;
}
