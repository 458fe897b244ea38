// Data as the bytes or the text that queues and topics take.
import { type BindingData, FaastenError } from "../../src/provider.ts";

export function bytesOf({ value }: BindingData): Uint8Array {
  return "bytes" in value ? value.bytes : Buffer.from(value.json);
}

export function textOf(data: BindingData, where: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytesOf(data));
  } catch (cause) {
    throw new FaastenError("INVALID", `${where}: it takes text, and these bytes are none: encode them`, { cause });
  }
}

export function contentTypeOf({ value, contentType }: BindingData): string {
  return contentType ?? ("bytes" in value ? "application/octet-stream" : "application/json");
}
