// One process of the user's own programs: no shell, nothing to read, and every line that it prints told at once.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface ProcessOptions {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Of standard error, and of standard output too where nobody reads that. */
  readonly line: (text: string) => void;
  readonly reads: boolean;
  readonly signal?: AbortSignal;
}

export interface Ended {
  /** `undefined`: it was killed, or there is no such program. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runProcess(
  [program, ...rest]: readonly [string, ...string[]],
  { folder, environment, line, reads, signal }: ProcessOptions,
): Promise<Ended> {
  const child = spawn(program, rest, {
    cwd: folder,
    env: { ...process.env, ...environment },
    // What asks a question gets no answer, and says so.
    stdio: ["ignore", "pipe", "pipe"],
    ...(signal && { signal }),
  });
  const said = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8");
    child[stream].on("data", (part: string) => {
      said[stream] += part;
    });
    if (stream === "stderr" || !reads) createInterface({ input: child[stream] }).on("line", line);
  }
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ ...said, code: undefined, stderr: `${said.stderr}${error.message}` }));
    child.once("close", (code) => resolve({ ...said, code: code ?? undefined }));
  });
}
