// A log line as a person reads it. Whatever stands in it, it cannot move the cursor or pass for another line.
import { styleText } from "node:util";

/** One line of JSON for the terminal; anything else as it is. Never throws. */
export function prettify(line: string): string {
  const fields = parse(line);
  if (!fields) return short(clean(line));
  const { time, level, message, function: name, error, ...more } = fields;
  const at = styleText("dim", plain(time).slice(11, 23));
  if (message === "invoked") {
    const { trigger, outcome, milliseconds } = more;
    const bad = /^(?:5\d\d|retry|dead)$/.test(plain(outcome));
    const result = styleText(bad ? "red" : "green", plain(outcome).padEnd(width));
    return `${at} ${result} ${plain(trigger)} ${styleText("dim", `${plain(name)} ${plain(milliseconds)} ms`)}`;
  }
  const { invocation, trace: _, ...own } = more;
  const shown = Object.entries(own).map(([key, value]) => `${clean(key)}=${field(value)}`);
  const where = [name, invocation].filter((part) => part !== undefined).map(plain);
  const head = `${at} ${styleText(colourOf(level), plain(level).padEnd(width))} ${plain(message)}`;
  const tail = where.length > 0 ? [styleText("dim", where.join(" "))] : [];
  return `${[head, ...shown, ...tail].join(" ")}${failure(error, "")}`;
}

/** The text with its control characters escaped, and those that turn the direction of writing; all `but` these. */
export function clean(text: string, but = ""): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, (sign) => {
    if (but.includes(sign)) return sign;
    const code = sign.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
  });
}

/** Of the second column: as long as "error" and "retry". */
const width = 5;
/** Characters that are shown of one value. */
const most = 2000;

/** Frames of Node and of Faasten say nothing to whoever wrote the function. */
const notTheirs: readonly string[] = [
  "node:internal",
  new URL("../", import.meta.url).href,
  new URL("../../providers/", import.meta.url).href,
];

function colourOf(level: unknown): "dim" | "cyan" | "yellow" | "red" {
  if (level === "error") return "red";
  if (level === "warn") return "yellow";
  return level === "debug" ? "dim" : "cyan";
}

function plain(value: unknown): string {
  return short(clean(typeof value === "string" ? value : (JSON.stringify(value) ?? "")));
}

/** Quoted where it would not be told from what stands beside it. */
function field(value: unknown): string {
  return typeof value === "string" && (value === "" || /[\s"=]/.test(value))
    ? plain(JSON.stringify(value))
    : plain(value);
}

function short(text: string): string {
  return text.length <= most ? text : `${text.slice(0, most)}… (${text.length - most} more)`;
}

/** What was thrown and where, each on a line of its own, and what it was caused by. */
function failure(error: unknown, by: string): string {
  if (error === undefined) return "";
  if (typeof error !== "object" || error === null || !("stack" in error)) return ` ${by}${field(error)}`;
  const { stack, code, error: cause } = error as { readonly [key: string]: unknown };
  const [first = "", ...frames] = clean(String(stack), "\n").split("\n");
  const coded = typeof code === "string" && !first.includes(code) ? ` (${clean(code)})` : "";
  const theirs = frames.filter((frame) => !notTheirs.some((part) => frame.includes(part)));
  const rest = (theirs.length > 0 ? theirs : frames).map(
    (frame) => `\n  ${styleText(/^\s+at /.test(frame) ? "dim" : "red", short(frame))}`,
  );
  return `\n  ${styleText("red", short(`${by}${first}${coded}`))}${rest.join("")}${failure(cause, "caused by ")}`;
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
