// `--param name=value` and its like, as several commands take them.
import { FaastenError } from "../errors.ts";

export function readPairs(flag: string, given: readonly string[] = []): Readonly<Record<string, string>> {
  return Object.fromEntries(
    given.map((text): [string, string] => {
      const at = text.indexOf("=");
      if (at < 1) throw new FaastenError("INVALID", `${flag} ${text}: write name=value`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
