// What a request to `/_faasten/` says, checked.
import type { CloudEvent } from "../contracts/event.ts";
import { FaastenError } from "../errors.ts";
import { fromStructured, toStructured } from "../runtime/cloudevent.ts";

/** Unix milliseconds; the present where nothing is given. */
export function instantOf(time: unknown): number {
  if (time === undefined) return Date.now();
  const written = typeof time === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(time);
  const planned = written ? Date.parse(time) : Number.NaN;
  if (!Number.isNaN(planned)) return planned;
  throw new FaastenError("INVALID", `${JSON.stringify(time)} is no instant: write it as in 2026-01-31T03:00:00Z`);
}

/** A whole event, or one of ours that holds the data and has these attributes. */
export function eventOf(
  { event, data, attributes = {} }: Readonly<Record<string, unknown>>,
  topic: string,
): CloudEvent {
  const read = fromStructured(event === undefined ? toStructured(ours(data, attributes, topic)) : toJson(event));
  if (read) return read;
  const what = event === undefined ? "`attributes` make" : "`event` is";
  throw new FaastenError(
    "INVALID",
    `${what} no CloudEvent 1.0: it wants "specversion": "1.0" and id, source and type as text that is not empty`,
  );
}

function ours(data: unknown, attributes: unknown, topic: string): CloudEvent {
  const given = Object.entries(record(attributes)).map(([name, value]) => [name, String(value)]);
  const { id, source, type, time, subject, datacontenttype, dataschema, ...extensions } = Object.fromEntries(given);
  return {
    specversion: "1.0",
    id: id ?? crypto.randomUUID(),
    source: source ?? "faasten",
    type: type ?? "com.dapr.event.sent",
    time: time ?? new Date().toISOString(),
    datacontenttype: datacontenttype ?? "application/json",
    ...(subject !== undefined && { subject }),
    ...(dataschema !== undefined && { dataschema }),
    data: { json: toJson(data ?? null) },
    extensions: { topic, ...extensions },
  };
}

/** Again as text: what can be read can be nested deeper than what can be written. */
function toJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    throw new FaastenError("INVALID", "the body is nested too deeply: some thousand levels are too many");
  }
}

export function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw new FaastenError("INVALID", "the body must be a JSON object");
}

export function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new FaastenError("INVALID", "the body is not JSON in UTF-8");
  }
}
