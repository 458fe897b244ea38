// Log lines: one JSON object each, secrets taken out.
import type { Log } from "../contracts/function.ts";
import { createPlain } from "./plain.ts";

export type Level = "debug" | "info" | "warn" | "error";
/** Takes one finished line, without its end. */
export type Sink = (line: string) => void;

export type Mark = (level: Level) => Readonly<Record<string, string>>;

/** Where the runtime's lines go, and the values that none of them may hold. */
export interface Journal {
  /** `own` is the runtime's: a field of the same name is left out. Never throws, whatever the fields are. */
  write(level: Level, message: string, own: Readonly<Record<string, unknown>>, fields?: object): void;
  conceal(secret: string): void;
  /** The text without any concealed value. */
  redact(text: string): string;
}

/** `mark`: what a cloud's log reads of a line beside it, as the runtime's own. `now`: by whose clock. */
export function createJournal(
  sink: Sink = (line) => console.log(line),
  mark: Mark = () => ({}),
  now: () => number = () => Date.now(),
): Journal {
  /** Longest first: one may be a part of another. */
  let secrets: readonly string[] = [];
  const redact = (text: string): string => {
    let out = text;
    for (const secret of secrets) if (out.includes(secret)) out = out.replaceAll(secret, "[secret]");
    return out;
  };
  return {
    write(level, message, own, fields) {
      const plain = createPlain(redact, longestLine);
      const head = { time: new Date(now()).toISOString(), level, ...mark(level), ...plain({ message, ...own }) };
      const taken = [...Object.keys(head), ...Object.keys(own)];
      const line = { ...head, ...plain(isError(fields) ? { error: fields } : fields, taken) };
      sink(JSON.stringify(line).replaceAll(unsafe, escaped));
    },
    conceal(secret) {
      if (secret.length < shortestSecret || secrets.includes(secret)) return;
      secrets = [...new Set([...secrets, ...formsOf(secret)])].sort((a, b) => b.length - a.length);
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

/** A hostile one throws at any touch. */
function isError(value: unknown): boolean {
  try {
    return value instanceof Error;
  } catch {
    return false;
  }
}

/** Anything shorter would take common words out of every line. */
const shortestSecret = 4;
/** Characters of one line, more or less: what the clouds' logs take in one piece. */
const longestLine = 100_000;

/** As it is, and as it stands within JSON or a URL that somebody made a text of. */
function formsOf(secret: string): readonly string[] {
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret.toWellFormed())];
}

/** What JSON leaves as it is although some readers end a line there, or a terminal obeys it. */
const unsafe = /[\u007f-\u009f\u2028\u2029]/g;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
