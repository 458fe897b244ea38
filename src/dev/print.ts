// What `faasten dev` says. Lines of the app are shown as they are where nobody looks: JSON, one object each.
import { styleText } from "node:util";
import type { Problem } from "../manifest/problems.ts";

export interface Serving {
  readonly service: string;
  readonly port: number;
  readonly token: string;
  readonly functions: readonly string[];
}

export interface Printer {
  serving(serving: Serving): void;
  reloaded(functions: readonly string[]): void;
  /** The app's log lines, and how many more there were than could be shown. */
  lines(lines: readonly string[], left: number): void;
  problem(message: string): void;
  problems(problems: readonly Problem[]): void;
}

export function createPrinter(out: NodeJS.WriteStream, error: NodeJS.WriteStream): Printer {
  const pretty = out.isTTY;
  const say = (text: string): void => void out.write(`${text}\n`);
  const style = (format: Parameters<typeof styleText>[0], text: string): string =>
    pretty ? styleText(format, text) : text;
  return {
    serving({ service, port, token, functions }) {
      say(`${style("bold", service)} answers on ${style("cyan", `http://127.0.0.1:${port}`)}`);
      for (const line of functions) say(`  ${line}`);
      say(style("dim", `  control: http://127.0.0.1:${port}/_faasten/  token: ${token}`));
    },
    reloaded(functions) {
      say(style("dim", `a new version answers: ${functions.length} functions`));
    },
    lines(lines, left) {
      for (const line of lines) say(pretty ? prettify(line) : line);
      if (left > 0) say(style("dim", `… and ${left} more invocations`));
    },
    problem(message) {
      error.write(`${style("red", clean(message, "\n\t"))}\n`);
    },
    problems(problems) {
      for (const { file, line, code, message } of problems.toSorted(byPlace))
        error.write(`${style("bold", `${file}:${line}`)}  ${style("red", code)}  ${clean(message)}\n`);
      error.write(`${problems.length} ${problems.length === 1 ? "mistake" : "mistakes"}: mend and save\n`);
    },
  };
}

const colours = { debug: "dim", info: "white", warn: "yellow", error: "red" } as const;

/** One line of JSON as a person reads it; anything else as it is. Control characters are escaped: a log cannot move the cursor. */
export function prettify(line: string): string {
  const fields = parse(line);
  if (!fields) return clean(line);
  const { time, level, message, function: name, ...rest } = fields;
  const at = String(time).slice(11, 23);
  const colour = Object.hasOwn(colours, String(level)) ? colours[String(level) as keyof typeof colours] : "white";
  if (message === "invoked") {
    const { trigger, outcome, milliseconds } = rest;
    const bad = /^(?:5\d\d|retry|dead)$/.test(String(outcome));
    return clean(
      `${styleText("dim", at)} ${styleText(bad ? "red" : "green", String(outcome))} ${trigger} ${styleText("dim", `${name} ${milliseconds} ms`)}`,
      "\u001b",
    );
  }
  const { error, ...shown } = rest;
  const stack =
    typeof error === "object" && error !== null && "stack" in error
      ? `\n${clean(String(error.stack), "\n")}`
      : error === undefined
        ? ""
        : ` ${clean(JSON.stringify(error))}`;
  const more = Object.entries(shown).map(
    ([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return `${styleText("dim", at)} ${styleText(colour, String(level))} ${clean(String(message))} ${styleText("dim", clean([name, ...more].join(" ")))}${stack}`;
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const found: unknown = JSON.parse(line);
    return typeof found === "object" && found !== null && "level" in found
      ? (found as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

function clean(text: string, but = ""): string {
  return text.replace(/\p{Cc}/gu, (sign) =>
    but.includes(sign) ? sign : `\\x${sign.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/** Those of the manifests and those of the code come apart. */
function byPlace(a: Problem, b: Problem): number {
  return a.file === b.file ? a.line - b.line || (a.column ?? 0) - (b.column ?? 0) : a.file < b.file ? -1 : 1;
}
