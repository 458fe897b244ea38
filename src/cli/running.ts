// The app that `faasten dev` serves from this folder, as the other commands reach it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FaastenError } from "../errors.ts";

export interface Running {
  /** Asks `/_faasten/`; gives what it answered, or throws what it refused with. */
  ask(method: "GET" | "POST", path: string, body?: unknown): Promise<unknown>;
  /** A request to the app itself. */
  request(path: string, init: RequestInit): Promise<Response>;
}

export function findRunning(folder: string = process.cwd()): Running {
  const { port, token } = read(join(folder, ".faasten", "local", "dev.json"));
  const request: Running["request"] = async (path, init) => {
    try {
      return await fetch(`http://127.0.0.1:${port}${path}`, {
        redirect: "manual",
        signal: AbortSignal.timeout(60_000),
        ...init,
      });
    } catch (error) {
      throw new FaastenError("UNAVAILABLE", `nothing answers on port ${port}: is \`faasten dev\` still running here?`, {
        cause: error,
      });
    }
  };
  return {
    request,
    async ask(method, path, body) {
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
      const response = await request(`/_faasten${path}`, {
        method,
        headers,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const answer: unknown = await response.json();
      if (response.ok) return answer;
      const { code, detail } = answer as { readonly code: FaastenError["code"]; readonly detail: string };
      throw new FaastenError(code, detail);
    },
  };
}

/** What was given on the command line as JSON; `-` is standard input. */
export function readJson(text: string): unknown {
  const json = text === "-" ? readFileSync(0, "utf8") : text;
  try {
    return JSON.parse(json);
  } catch {
    throw new FaastenError("INVALID", `--data is not JSON: ${json.slice(0, 80)}`);
  }
}

function read(file: string): { readonly port: number; readonly token: string } {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    throw new FaastenError("UNAVAILABLE", "no app runs in this folder: start it with `faasten dev`");
  }
}
