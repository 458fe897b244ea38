// What a user's value is on its way to a store or a broker.
import type { Value } from "../contracts/component.ts";
import { FaastenError } from "../errors.ts";

/** Bytes as they are, anything else as JSON. Throws `INVALID`, which begins with `what`, for what is neither. */
export function toValue(value: unknown, what: string): Value {
  if (value instanceof Uint8Array) return { bytes: value };
  if (value instanceof ArrayBuffer) return { bytes: new Uint8Array(value) };
  if (isLostInJson(value)) throw new FaastenError("INVALID", `${what} would be lost as JSON (${String(value)})`);
  const json = toJson(value, what);
  if (json !== undefined) return { json };
  throw new FaastenError("INVALID", `${what} is not JSON (${typeof value})`);
}

/** JSON takes these, and makes something else of them without a word. */
function isLostInJson(value: unknown): boolean {
  return value instanceof Map || value instanceof Set || (typeof value === "number" && !Number.isFinite(value));
}

function toJson(value: unknown, what: string): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    const { message } = cause instanceof Error ? cause : { message: String(cause) };
    throw new FaastenError("INVALID", `${what} is not JSON: ${message}`, { cause });
  }
}
