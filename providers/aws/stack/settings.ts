// What an event of a serverless.yml's `functions:` says of itself.
import { isMap, type Json } from "./template.ts";

export type Settings = Readonly<Record<string, Json>>;

/** In short an event is its ARN, or its name. */
export function settingsOf(kind: string, written: Json): Settings {
  const map: Settings = isMap(written) ? written : {};
  const made = Object.keys(map).some((key) => key === "Ref" || key.startsWith("Fn::"));
  return typeof written === "string" || made ? { [kind === "s3" ? "bucket" : "arn"]: written } : map;
}
