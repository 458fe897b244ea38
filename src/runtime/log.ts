// Log lines: one JSON object each, secrets taken out.
import type { Log } from "../contracts/function.ts";

export type Level = "debug" | "info" | "warn" | "error";
/** Takes one finished line, without its end. */
export type Sink = (line: string) => void;

/** Where the runtime's lines go, and the values that none of them may hold. */
export interface Journal {
  write(level: Level, message: string, own: Readonly<Record<string, unknown>>, fields?: object): void;
  conceal(secret: string): void;
  /** The text without any concealed value. */
  redact(text: string): string;
}

export function createJournal(sink: Sink = (line) => console.log(line)): Journal {
  const secrets = new Set<string>();
  const redact = (text: string): string => {
    let out = text;
    for (const secret of secrets) if (out.includes(secret)) out = out.replaceAll(secret, "[secret]");
    return out;
  };
  return {
    write(level, message, own, fields) {
      const line: Record<string, unknown> = { time: new Date().toISOString(), level, message: redact(message), ...own };
      if (fields) {
        for (const [key, value] of Object.entries(fields)) {
          if (!Object.hasOwn(line, key)) Object.defineProperty(line, key, { value, enumerable: true });
        }
      }
      sink(toJson(line, redact));
    },
    conceal(secret) {
      if (secret.length >= shortestSecret) secrets.add(secret);
    },
    redact,
  };
}

export function createLog(journal: Journal, own: () => Readonly<Record<string, unknown>>): Log {
  const at =
    (level: Level) =>
    (message: string, fields?: Readonly<Record<string, unknown>>): void =>
      journal.write(level, message, own(), fields);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** What a log line says of anything that was thrown. */
export function describe(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { error: String(error) };
  const { name, message, stack, cause } = error;
  const code = (error as { code?: unknown }).code;
  return {
    error: { name, message, ...(code !== undefined && { code }), stack, ...(cause !== undefined && describe(cause)) },
  };
}

/** Anything shorter would take common words out of every line. */
const shortestSecret = 4;

/** JSON of anything: secrets are cut out of every text before it is quoted, and nothing in a field can make it throw. */
function toJson(line: object, redact: (text: string) => string): string {
  const above: unknown[] = [];
  return JSON.stringify(line, function (this: unknown, _key, value: unknown) {
    if (typeof value === "string") return redact(value);
    if (typeof value === "bigint") return value.toString();
    if (typeof value === "symbol" || typeof value === "function") return String(value);
    if (value instanceof Error) return describe(value)["error"];
    if (typeof value !== "object" || value === null) return value;
    while (above.length > 0 && above.at(-1) !== this) above.pop();
    if (above.includes(value)) return "[circular]";
    above.push(value);
    return value;
  });
}
