// What a handler can take, and can have kept of it, as its text shows it: its `length` does not tell.

export interface Parameters {
  /** Those with a default count too. `Infinity`: it has a rest, reads `arguments`, or does not show its text. */
  readonly count: number;
  /** Nothing but plain fields of its context is used, and no callback: whatever it begins, it cannot answer later. */
  readonly answersNever: boolean;
}

export function parametersOf(taker: Function): Parameters {
  const text = Function.prototype.toString.call(taker);
  const list = /^(?:async\s+)?[\w$]+\s*=>/.test(text) ? "event" : listIn(text);
  if (/\[native code\]|\barguments\b/.test(text) || /(?:^|,)\s*\.\.\./.test(list))
    return { count: Number.POSITIVE_INFINITY, answersNever: false };
  const names = list.trim() === "" ? [] : list.split(",").map((name) => name.trim());
  const count = Math.max(taker.length, names.length);
  const [, context, ...others] = names;
  const answersNever =
    count < 2 ||
    (!/\beval\b/.test(text) &&
      context !== undefined &&
      isUnused(context, withoutFields(text, context)) &&
      others.every((name) => isUnused(name, text)));
  return { count, answersNever };
}

/** Named once, where it is declared. */
function isUnused(name: string, text: string): boolean {
  return isPlain.test(name) && (text.match(identifier(name))?.length ?? 0) <= 1;
}

function withoutFields(text: string, context: string): string {
  if (!isPlain.test(context)) return text;
  return text.replace(identifier(context, String.raw`\.(?!(?:succeed|fail|done)\b)[A-Za-z]\w*\b`), "");
}

const isPlain = /^[A-Za-z_]\w*$/;

function identifier(name: string, then = ""): RegExp {
  return new RegExp(String.raw`(?<![\w$])${name}(?![\w$])${then}`, "g");
}

/** What stands between the first parentheses, without what is in brackets or quotes there. */
function listIn(text: string): string {
  let depth = 0;
  let list = "";
  for (const [part] of text.slice(text.indexOf("(")).matchAll(tokens)) {
    if (/^[)\]}]$/.test(part)) depth -= 1;
    if (depth === 1 && !/^["'`/]./.test(part)) list += part;
    if (/^[([{]$/.test(part)) depth += 1;
    if (depth === 0) break;
  }
  return list.replace(/,\s*$/, "");
}

const tokens = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|\/\*.*?\*\/|\/\/[^\n]*|./gs;
