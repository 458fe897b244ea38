// What `faasten dev` says. Lines of the app are shown as they are where nobody looks: JSON, one object each.
import { styleText } from "node:util";
import { counted, type Problem } from "../manifest/problems.ts";
import { clean, prettify } from "./prettify.ts";

export interface Serving {
  readonly service: string;
  readonly port: number;
  readonly token: string;
  /** Two columns, two spaces between them. */
  readonly functions: readonly string[];
}

export interface Printer {
  serving(serving: Serving): void;
  reloaded(functions: readonly string[]): void;
  /** The app's log lines, and how many more there were than could be shown. */
  lines(lines: readonly string[], left: number): void;
  problem(message: string): void;
  problems(problems: readonly Problem[]): void;
  /** What is left unserved, and why. */
  notes(notes: readonly Problem[]): void;
}

export function createPrinter(out: NodeJS.WriteStream, error: NodeJS.WriteStream): Printer {
  const pretty = out.isTTY;
  const say = (text: string): void => void out.write(`${text}\n`);
  const complain = (text: string): void => void error.write(`${text}\n`);
  const style =
    (stream: NodeJS.WriteStream) =>
    (format: Parameters<typeof styleText>[0], text: string): string =>
      stream.isTTY ? styleText(format, text, { stream }) : text;
  const said = style(out);
  const complained = style(error);
  return {
    serving({ service, port, token, functions }) {
      say(`${said("bold", service)} answers on ${said("cyan", `http://127.0.0.1:${port}`)}`);
      for (const line of aligned(functions)) say(`  ${line}`);
      say(said("dim", `  control: http://127.0.0.1:${port}/_faasten/  token: ${token}`));
    },
    reloaded(functions) {
      const { length } = functions;
      say(said("dim", `a new version answers: ${length} ${length === 1 ? "function" : "functions"}`));
    },
    lines(lines, left) {
      for (const line of lines) say(pretty ? prettify(line) : line);
      if (left > 0 && pretty) say(said("dim", `… and ${left} more invocations`));
      else if (left > 0) say(JSON.stringify({ level: "info", message: "more invocations than are shown", left }));
    },
    problem(message) {
      const lines = clean(message, "\n\t")
        .split("\n")
        .filter((line) => !/^\s+at .*node:internal/.test(line));
      complain(lines.map((line) => complained(/^\s+at /.test(line) ? "dim" : "red", line)).join("\n"));
    },
    notes(notes) {
      for (const { file, line, message } of notes)
        complain(complained("dim", `${clean(file)}:${line}  ${clean(message)}`));
    },
    problems(problems) {
      const lines = problems.toSorted(byPlace).map(({ file, line, code, message }) => {
        const place = complained("bold", `${clean(file)}:${line}`);
        return `${place}  ${complained("red", code)}  ${clean(message)}`;
      });
      complain([...lines, `${counted(problems)}: mend and save`].join("\n"));
    },
  };
}

function aligned(lines: readonly string[]): readonly string[] {
  const rows = lines.map((line) => line.split(/ {2}(.*)/s));
  const width = Math.max(...rows.map(([name = ""]) => name.length));
  return rows.map(([name = "", what = ""]) => `${name.padEnd(width)}  ${what}`.trimEnd());
}

/** Those of the manifests and those of the code come apart. */
function byPlace(a: Problem, b: Problem): number {
  return a.file === b.file ? a.line - b.line || (a.column ?? 0) - (b.column ?? 0) : a.file < b.file ? -1 : 1;
}
