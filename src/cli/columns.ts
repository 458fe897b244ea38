// How the commands write to a person: within 80 columns, and plain where nobody looks.
import { styleText } from "node:util";
import { clean } from "../dev/prettify.ts";

export type Style = (format: Parameters<typeof styleText>[0], text: string) => string;

export function styleOf(out: NodeJS.WriteStream): Style {
  return (format, text) => (out.isTTY ? styleText(format, text, { stream: out }) : text);
}

export function count(list: readonly unknown[], what: string): string {
  return `${list.length} ${what}${list.length === 1 ? "" : "s"}`;
}

export function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(({ length }) => length));
}

/** Broken at spaces; a word that is longer than a line has one to itself. */
export function wrap(text: string, indent: number, hanging: number = indent + 2): readonly string[] {
  const lines: string[] = [];
  let line = " ".repeat(indent);
  let empty = true;
  for (const [, space = "", word = ""] of clean(text).matchAll(/( *)([^ ]+)/g)) {
    if (!empty && line.length + space.length + word.length > columns) {
      lines.push(line);
      line = " ".repeat(hanging);
      empty = true;
    }
    line += empty ? word : space + word;
    empty = false;
  }
  return [...lines, line];
}

const columns = 80;
