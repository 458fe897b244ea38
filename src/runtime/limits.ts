// The limits that every store and broker keeps alike, checked before anything is sent.
import type { CloudEvent } from "../contracts/event.ts";
import type { StateOperation } from "../contracts/state.ts";
import { FaastenError } from "../errors.ts";
import { toStructured } from "./cloudevent.ts";

/** A larger body is refused by us before any platform refuses it. */
export const maxBodyBytes: number = 4 * 1024 * 1024;

const maxKeyBytes = 255;
const maxOperations = 100;
const maxEventBytes = 240 * 1024;

/** Throws `INVALID` unless the key is 1 to `most` bytes of UTF-8, 255 if left out, as of an entry of state. `where` names the component. */
export function checkKey(key: string, where: string, most: number = maxKeyBytes): void {
  const bytes = key.isWellFormed() ? Buffer.byteLength(key) : 0;
  if (bytes >= 1 && bytes <= most) return;
  const what = bytes === 0 ? (key === "" ? "it is empty" : "it is not Unicode text") : `it has ${bytes} bytes`;
  throw new FaastenError("INVALID", `${where}: a key is 1 to ${most} bytes of UTF-8, and ${what}`);
}

/** Throws `INVALID` unless there are at most 100 operations, each with a key of its own. */
export function checkOperations(operations: readonly StateOperation[], where: string): void {
  if (operations.length > maxOperations) {
    throw new FaastenError(
      "INVALID",
      `${where}: a transaction holds at most ${maxOperations} operations, and this one has ${operations.length}`,
    );
  }
  const keys = new Set<string>();
  for (const { key } of operations) {
    checkKey(key, where);
    if (keys.has(key)) throw new FaastenError("INVALID", `${where}: a transaction names the key "${key}" twice`);
    keys.add(key);
  }
}

/** An event as structured JSON. Throws `TOO_LARGE` above 240 KiB, which is what every broker takes. `where` names component and topic. */
export function toPublished(event: CloudEvent, where: string): string {
  const text = toStructured(event);
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxEventBytes) return text;
  throw new FaastenError(
    "TOO_LARGE",
    `${where}: an event has ${bytes} bytes as JSON, and ${maxEventBytes} is the most that every broker takes: store the data and publish where it lies`,
  );
}
