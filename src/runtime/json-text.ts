// Where a value lies in JSON text, so that it can be passed on as it was written: 1.50 stays 1.50, 2^60 stays 2^60.
// The text is known to be valid JSON; what these do with any other is not defined.

/** The member of the object that `json` is; the last of several, as in `JSON.parse`. */
export function memberText(json: string, name: string): string | undefined {
  const key = JSON.stringify(name);
  let found: string | undefined;
  for (let at = afterSpace(json, json.indexOf("{") + 1); json.charCodeAt(at) !== closeBrace; ) {
    const keyEnd = endOfString(json, at);
    const written = json.slice(at, keyEnd);
    const start = afterSpace(json, json.indexOf(":", keyEnd) + 1);
    const end = endOfValue(json, start);
    if (written === key || (written.includes("\\") && JSON.parse(written) === name)) found = json.slice(start, end);
    at = afterComma(json, end);
  }
  return found;
}

/** The elements of the array that `json` is. */
export function elementTexts(json: string): string[] {
  const texts: string[] = [];
  for (let at = afterSpace(json, json.indexOf("[") + 1); json.charCodeAt(at) !== closeBracket; ) {
    const end = endOfValue(json, at);
    texts.push(json.slice(at, end));
    at = afterComma(json, end);
  }
  return texts;
}

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];

function afterSpace(json: string, at: number): number {
  let next = at;
  while (isSpace(json.charCodeAt(next))) next++;
  return next;
}

function afterComma(json: string, at: number): number {
  const next = afterSpace(json, at);
  return json.charCodeAt(next) === comma ? afterSpace(json, next + 1) : next;
}

function endOfValue(json: string, start: number): number {
  let depth = 0;
  for (let at = start; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === quote) {
      at = endOfString(json, at) - 1;
      if (depth === 0) return at + 1;
    } else if (code === openBrace || code === openBracket) {
      depth++;
    } else if (code === closeBrace || code === closeBracket) {
      if (depth === 0) return at;
      depth--;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (code === comma || isSpace(code))) {
      return at;
    }
  }
  return json.length;
}

function endOfString(json: string, start: number): number {
  for (let at = json.indexOf('"', start + 1); ; at = json.indexOf('"', at + 1)) {
    let first = at;
    while (json.charCodeAt(first - 1) === backslash) first--;
    if ((at - first) % 2 === 0) return at + 1;
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}
