// A step's command: as the system takes it, and as a person reads it.
import type { Argument, Piece, Step } from "../contracts/plan.ts";
import { FaastenError } from "../errors.ts";

export type Values = Readonly<Record<string, string>>;

/** Throws `INTERNAL` where a value is not known. */
export function toArgv(command: readonly Argument[], values: Values): readonly [string, ...string[]] {
  const [program, ...rest] = command.map((argument) =>
    piecesOf(argument)
      .map((piece) => (typeof piece === "string" ? piece : valueOf(piece.value, values)))
      .join(""),
  );
  if (program === undefined || program === "") throw new FaastenError("INTERNAL", "a step of the plan has no command");
  return [program, ...rest];
}

/** What can be pasted into a shell, but for values that are not known yet: `<bucket>`. */
export function toText(command: readonly Argument[], values: Values): string {
  return command
    .map((argument) => {
      const pieces = piecesOf(argument);
      const open = pieces.some((piece) => typeof piece === "object" && !Object.hasOwn(values, piece.value));
      const text = pieces
        .map((piece) => (typeof piece === "string" ? piece : (values[piece.value] ?? `<${piece.value}>`)))
        .join("");
      return open ? text : inShell(text);
    })
    .join(" ");
}

export function isDue({ when }: Step, values: Values): boolean {
  return when === undefined || when.is.includes(values[when.value] ?? "");
}

function piecesOf(argument: Argument): readonly Piece[] {
  return typeof argument === "object" && !("value" in argument) ? argument : [argument];
}

function valueOf(name: string, values: Values): string {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value !== undefined && value !== "") return value;
  throw new FaastenError(
    "INTERNAL",
    `the plan uses ${name} before it is known: delete the folder .faasten and try again`,
  );
}

function inShell(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return /[\n\r\t]/.test(text)
    ? `$'${JSON.stringify(text).slice(1, -1).replaceAll("'", "\\'")}'`
    : `'${text.replaceAll("'", `'\\''`)}'`;
}
