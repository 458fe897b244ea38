// Data as the text that queues, topics and buses take: they hold no bytes.
import { type BindingData, FaastenError } from "../../src/provider.ts";

export function textOf({ value }: BindingData, where: string): string {
  if ("json" in value) return value.json;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value.bytes);
  } catch (cause) {
    throw new FaastenError("INVALID", `${where}: it takes text, and these bytes are none: encode them`, { cause });
  }
}

/** What beside the text is told, as attributes of type String; those of the names in `own` are settings of the call. */
export function attributesOf(
  { metadata = {} }: BindingData,
  own: readonly string[],
): Record<string, { DataType: "String"; StringValue: string }> {
  const others = Object.entries(metadata).filter(([name, value]) => !own.includes(name) && value !== "");
  return Object.fromEntries(others.map(([name, StringValue]) => [name, { DataType: "String" as const, StringValue }]));
}
