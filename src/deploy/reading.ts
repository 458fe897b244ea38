// What a step reads in what its command prints.
import type { Reading, Step } from "../contracts/plan.ts";
import { FaastenError } from "../errors.ts";
import type { Values } from "./command.ts";

/** `printed`: `undefined` where the command said that it is not there. Throws `NOT_FOUND` where a value is missing. */
export function read({ id, reads = {} }: Step, printed: string | undefined): Values {
  const whole = printed === undefined ? undefined : parse(printed.trim());
  return Object.fromEntries(
    Object.entries(reads).map(([name, one]) => [name, valueOf(`${name} of ${id}`, one, whole)]),
  );
}

function valueOf(what: string, { path, as = {}, otherwise, absent }: Reading, whole: unknown): string {
  const found = path.reduce<unknown>((inner, key) => (isNothing(inner) ? undefined : Object(inner)[key]), whole);
  if (isNothing(found)) {
    if (absent !== undefined) return absent;
    throw new FaastenError("NOT_FOUND", `what it printed does not hold ${what}`);
  }
  const text = typeof found === "string" ? found : JSON.stringify(found);
  return Object.hasOwn(as, text) ? (as[text] ?? "") : (otherwise ?? text);
}

/** An empty list is what `gcloud` prints for a property that is not set. */
function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

/** Text that is no JSON is itself. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
