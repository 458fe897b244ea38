// What is wrong in an app's YAML: every mistake of one run, each with its file and line.
import { relative, sep } from "node:path";
import { type ErrorCode, FaastenError } from "../errors.ts";

/** Where something is written. Lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column?: number;
}

/**
 * One mistake. `file` is relative to the app's folder. `INVALID`: not of the form that is read; `NOT_FOUND`: names what is
 * not there; `ALREADY_EXISTS`: is there twice; `MISCONFIGURED`: is missing, or contradicts another; `UNSUPPORTED`: is
 * right elsewhere, but Faasten does not read it; `TOO_LARGE`.
 */
export interface Problem extends Place {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Collects the problems of one run. The same message at the same place counts once. */
export class Problems {
  readonly #folder: string;
  readonly #found = new Map<string, Problem>();

  /** @param folder The app's, to which files are named relative. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  add(code: ErrorCode, place: Place, message: string): void {
    const { line, column } = place;
    const file = this.relative(place.file);
    const problem: Problem = { code, message, file, line, ...(column !== undefined && { column }) };
    this.#found.set(JSON.stringify([file, line, column, message]), problem);
  }

  /** A file as problems name it. */
  relative(file: string): string {
    return relative(this.#folder, file).split(sep).join("/");
  }

  /** By file, then line, then column. */
  list(): readonly Problem[] {
    return [...this.#found.values()].sort(
      (a, b) => compare(a.file, b.file) || a.line - b.line || (a.column ?? 0) - (b.column ?? 0),
    );
  }

  /** Throws one `MISCONFIGURED` that lists all of them, a line each. */
  throwIfAny(): void {
    const problems = this.list();
    if (problems.length > 0) throw new Mistakes(problems);
  }
}

/** All that is wrong, a line each. */
export class Mistakes extends FaastenError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const lines = problems.map(({ file, line, code, message }) => `${file}:${line}  ${code}  ${message}`);
    super("MISCONFIGURED", lines.join("\n"));
    this.problems = problems;
  }
}

/** `3 mistakes` */
export function counted({ length }: readonly Problem[]): string {
  return `${length} ${length === 1 ? "mistake" : "mistakes"}`;
}

/** The candidate that was most likely meant: few slips of the finger away, case aside. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > longestWord) return undefined;
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const length = Math.max(word.length, candidate.length);
    const slips = candidate.length > longestWord ? length : distance(word.toLowerCase(), candidate.toLowerCase());
    if (slips < least && length > 2 && slips <= Math.max(1, length * 0.3)) {
      best = candidate;
      least = slips;
    }
  }
  return best;
}

/** How to mend a word that is not in a closed vocabulary: the nearest one, else all of a short list. Begins with a space. */
export function suggest(word: string, candidates: readonly string[]): string {
  const meant = nearest(word, candidates);
  if (meant !== undefined) return ` Did you mean ${quoted(meant)}?`;
  if (candidates.length === 0 || candidates.length > 12) return "";
  return ` Known: ${candidates.map(quoted).join(", ")}.`;
}

/** A user's word inside a message: one line, no control characters, cut where it is long. */
export function quoted(word: string): string {
  const short = word.length > 80 ? `${word.slice(0, 79)}…` : word;
  return `\`${short.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)}\``;
}

const longestWord = 100;

/** Damerau-Levenshtein, adjacent swaps only. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let least = Math.min(
        (above[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (above[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) least = Math.min(least, (before[column - 2] ?? 0) + 1);
      current.push(least);
    }
    before = above;
    above = current;
  }
  return above[b.length] ?? 0;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
