// `--data`, `--attribute` and `--event`, as commands take them that send an event.
import { readFileSync } from "node:fs";
import { FaastenError } from "../errors.ts";
import { readPairs } from "./pairs.ts";
import { readJson } from "./running.ts";

export interface EventFlags {
  readonly data?: string;
  readonly attribute?: readonly string[];
  readonly event?: string;
}

/** Members of what `/_faasten/` is sent, in JSON as it was written. */
export function toMembers({ data = "null", attribute, event }: EventFlags): string {
  if (event !== undefined) return `"event":${readJson(event === "-" ? event : textOf(event), "--event")}`;
  return `"data":${readJson(data)},"attributes":${JSON.stringify(readPairs("--attribute", attribute))}`;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const why = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new FaastenError(
      "NOT_FOUND",
      `--event ${file} cannot be read (${why}): name a file that holds a CloudEvent`,
      {
        cause,
      },
    );
  }
}
