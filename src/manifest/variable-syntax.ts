// The `${…}` of the Serverless Framework, taken apart.

/** Text and variables in the order they stand. */
export type Template = readonly (string | Variable)[];

/** `${first, second, 'last'}`: the first source that has a value gives it. */
export interface Variable {
  readonly text: string;
  readonly sources: readonly Source[];
}

/** `type(params):address`, a variable in a variable, or a value that stands there. */
export type Source =
  | { readonly type: string; readonly params?: Template; readonly address: Template }
  | { readonly variable: Variable }
  | { readonly literal: string | number | boolean | null };

/**
 * A string as text and variables; throws `SyntaxError`. What does not begin like a source (`${AWS::Region}`, `${Table}`)
 * is text for others, as in the framework. `\${` is a plain `${`, and `\\${` a backslash before a variable.
 */
export function parseTemplate(text: string): Template {
  const cursor: Cursor = { text, at: 0, depth: 0 };
  return readTemplate(cursor, /$/y);
}

interface Cursor {
  readonly text: string;
  at: number;
  depth: number;
}

const maxDepth = 20;

/** Up to what `end` matches, which stays unread. */
function readTemplate(cursor: Cursor, end: RegExp): Template {
  const parts: (string | Variable)[] = [];
  let plain = "";
  while (cursor.at < cursor.text.length && !sees(cursor, end)) {
    const slashes = take(cursor, /\\+(?=\$\{)/y) ?? "";
    plain += "\\".repeat(Math.floor(slashes.length / 2));
    if (slashes.length % 2 === 1) plain += take(cursor, /\$\{/y) ?? "";
    else if (sees(cursor, /\$\{[a-z][a-zA-Z0-9.]*(\(|:(?!:))/y)) {
      if (plain !== "") parts.push(plain);
      plain = "";
      parts.push(readVariable(cursor));
    } else plain += take(cursor, /[^\\$,})\s]+|\\+|\s+|[\s\S]/y) ?? "";
  }
  if (plain !== "") parts.push(plain);
  return parts;
}

function readVariable(cursor: Cursor): Variable {
  const start = cursor.at;
  if (++cursor.depth > maxDepth) throw new SyntaxError(`variables stand more than ${maxDepth} deep in each other`);
  take(cursor, /\$\{/y);
  const sources: Source[] = [];
  do sources.push(readSource(cursor));
  while (take(cursor, /\s*,\s*/y) !== undefined);
  if (take(cursor, /\s*\}/y) === undefined) {
    const atEnd = take(cursor, /\s*$/y) !== undefined;
    throw new SyntaxError(atEnd ? "a closing `}` is missing" : "a fallback of several words must be in quotes");
  }
  cursor.depth--;
  return { text: cursor.text.slice(start, cursor.at), sources };
}

function readSource(cursor: Cursor): Source {
  if (sees(cursor, /\$\{/y)) return { variable: readVariable(cursor) };
  const string = readString(cursor);
  if (string !== undefined) return { literal: string };
  const word = take(cursor, /[^\s,:(){}'"$]+/y) ?? "";
  if (sees(cursor, /[:(]/y)) {
    const params = take(cursor, /\(\s*/y) === undefined ? undefined : readWord(cursor, /\s*\)/y);
    if (params && take(cursor, /\s*\)/y) === undefined) throw new SyntaxError("a closing `)` is missing");
    const address = take(cursor, /:\s*/y) === undefined ? [] : readWord(cursor, /\s*[,}]/y);
    return { type: word, ...(params && { params }), address };
  }
  return { literal: toLiteral(word) };
}

/** In quotes or not, up to what `end` matches. */
function readWord(cursor: Cursor, end: RegExp): Template {
  const string = readString(cursor);
  return string === undefined ? trimmed(readTemplate(cursor, end)) : [string];
}

/** `'as it is'`, or `"as JSON"`. */
function readString(cursor: Cursor): string | undefined {
  const single = take(cursor, /'[^']*'/y);
  if (single !== undefined) return single.slice(1, -1);
  const double = take(cursor, /"(?:[^"\\]|\\[\s\S])*"/y);
  return double === undefined ? undefined : String(JSON.parse(double));
}

function toLiteral(word: string): string | number | boolean | null {
  if (word === "true" || word === "false") return word === "true";
  if (word === "null") return null;
  if (word !== "" && Number.isFinite(Number(word))) return Number(word);
  throw new SyntaxError(word === "" ? "a fallback is missing" : `the fallback must be in quotes: '${word}'`);
}

function trimmed(template: Template): Template {
  return template.map((part) => (typeof part === "string" ? part.trim() : part));
}

function sees(cursor: Cursor, pattern: RegExp): boolean {
  pattern.lastIndex = cursor.at;
  return pattern.test(cursor.text);
}

function take(cursor: Cursor, pattern: RegExp): string | undefined {
  pattern.lastIndex = cursor.at;
  const match = pattern.exec(cursor.text)?.[0];
  if (match !== undefined) cursor.at += match.length;
  return match;
}
