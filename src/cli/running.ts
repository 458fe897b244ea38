// The app that `faasten dev` serves from this folder, as the other commands reach it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive, readAddress } from "../dev/address.ts";
import { FaastenError } from "../errors.ts";

export interface Running {
  readonly port: number;
  readonly token: string;
  /** Asks `/_faasten/`; gives what it answered, or throws what it refused with. */
  ask(method: "GET" | "POST", path: string, body?: string): Promise<unknown>;
  /** A request to the app itself. */
  request(path: string, init: RequestInit): Promise<Response>;
}

/** Throws `UNAVAILABLE` where none runs: also where one was killed and left its address behind. */
export function findRunning(folder: string = process.cwd()): Running {
  const { port, token } = read(join(folder, ".faasten", "local", "dev.json"));
  const request: Running["request"] = async (path, init) => {
    try {
      return await fetch(`http://127.0.0.1:${port}${path}`, {
        redirect: "manual",
        signal: AbortSignal.timeout(patience),
        ...init,
      });
    } catch (error) {
      const slow = error instanceof Error && error.name === "TimeoutError";
      const why = slow ? `no answer within ${patience / 1000} s` : `nothing answers on port ${port}`;
      throw new FaastenError(slow ? "TIMEOUT" : "UNAVAILABLE", `${why}: look at what \`faasten dev\` says`, {
        cause: error,
      });
    }
  };
  return {
    port,
    token,
    request,
    async ask(method, path, body) {
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
      const response = await request(`/_faasten${path}`, { method, headers, ...(body !== undefined && { body }) });
      const answer = (await response.json().catch(() => undefined)) as
        | { readonly code?: FaastenError["code"]; readonly detail?: string }
        | undefined;
      if (response.ok) return answer;
      if (response.status === 401 || answer?.code === undefined)
        throw new FaastenError("UNAVAILABLE", `what answers on port ${port} is not the app of this folder: ${restart}`);
      throw new FaastenError(answer.code, answer.detail ?? "it was refused");
    },
  };
}

/** What was given on the command line as JSON, as it is written; `-` is standard input. */
export function readJson(text: string, flag = "--data"): string {
  const json = readData(text).toString();
  try {
    JSON.parse(json);
    return json;
  } catch {
    throw new FaastenError(
      "INVALID",
      `${flag} is not JSON: ${JSON.stringify(json.slice(0, 80))}; text is written in quotes, '"text"'`,
    );
  }
}

/** What was given on the command line; `-` is standard input, byte for byte. */
export function readData(text: string): Buffer<ArrayBuffer> {
  return text === "-" ? Buffer.from(readFileSync(0)) : Buffer.from(text);
}

/** Milliseconds. */
const patience = 60_000;
const restart = "start it with `faasten dev`";

function read(file: string): { readonly port: number; readonly token: string } {
  const { port, token, pid } = readAddress(file);
  if (typeof port !== "number" || typeof token !== "string" || typeof pid !== "number")
    throw new FaastenError("UNAVAILABLE", `no app runs in this folder: ${restart}`);
  if (!isAlive(pid)) throw new FaastenError("UNAVAILABLE", `the app that ran in this folder is gone: ${restart}`);
  return { port, token };
}
