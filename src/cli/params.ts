// `--param name=value`, as several commands take it.
import { FaastenError } from "../errors.ts";

export function readParams(given: readonly string[] = []): Readonly<Record<string, string>> {
  return Object.fromEntries(
    given.map((text): [string, string] => {
      const at = text.indexOf("=");
      if (at < 1) throw new FaastenError("INVALID", `--param ${text}: write name=value`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
