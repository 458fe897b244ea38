// Which function answers a path. One precedence everywhere: at the first segment where two patterns differ, static goes
// before parameter before wildcard; of those that match, the first that serves the method wins, by name before "*".
import { FaastenError } from "../errors.ts";

/** Percent-decoded, but for `params["*"]`: the rest as it came, without its first slash. Null-prototype. */
export type Params = Readonly<Record<string, string>>;

export interface Route {
  /** Upper case; "*": any. */
  readonly method: string;
  /**
   * `/orders/:id/lines`. A parameter is one segment, never empty. A last segment `*` is any rest, none included:
   * `/files/*` answers `/files`, `/files/` and `/files/a/b`. A trailing slash makes another path.
   */
  readonly path: string;
}

export interface Match {
  /** Of the route in the list that the router was made from. */
  readonly index: number;
  readonly params: Params;
}

export interface Router {
  /**
   * `path` as it came, without query. `allow`: the path is known, for these methods only. `undefined`: it is not known.
   * Throws `INVALID` if its percent-encoding is broken.
   */
  match(method: string, path: string): Match | { readonly allow: readonly string[] } | undefined;
}

/** For patterns that `checkPath` finds nothing wrong with. */
export function createRouter(routes: readonly Route[]): Router {
  const entries = routes
    .map(({ method, path }, index) => ({ method, index, segments: parse(path), match: matcher(path) }))
    .sort((a, b) => byRank(a.segments, b.segments) || Number(a.method === "*") - Number(b.method === "*"));
  return {
    match(method, path) {
      assertEncoded(path);
      const allow = new Set<string>();
      for (const entry of entries) {
        const params = entry.match(path);
        if (params && (entry.method === method || entry.method === "*")) return { index: entry.index, params };
        if (params) allow.add(entry.method);
      }
      return allow.size > 0 ? { allow: [...allow].sort() } : undefined;
    },
  };
}

/** One pattern by itself: the parameters of a path that it answers. Throws as `match` does. */
export function compile(pattern: string): (path: string) => Params | undefined {
  const match = matcher(pattern);
  return (path) => {
    assertEncoded(path);
    return match(path);
  };
}

/** What is wrong with a pattern and how to mend it; `undefined`: nothing. */
export function checkPath(pattern: string): string | undefined {
  if (!pattern.startsWith("/")) return `path "${pattern}" must begin with "/"`;
  if (/[?#]/.test(pattern)) return `path "${pattern}": leave out the query and the fragment, a route is a path alone`;
  if (pattern === "/") return undefined;
  const texts = pattern.slice(1).split("/");
  if (texts.includes("")) return `path "${pattern}" has an empty segment: remove the doubled or the trailing "/"`;
  if (texts[0] === "_faasten") return `path "${pattern}": "/_faasten" is reserved, choose another first segment`;
  const names = new Set<string>();
  for (const [index, text] of texts.entries()) {
    const wrong = checkSegment(text, index === texts.length - 1);
    if (wrong !== undefined) return `path "${pattern}": ${wrong}`;
    if (text.startsWith(":") && names.has(text)) return `path "${pattern}" has "${text}" twice: give each its own name`;
    names.add(text);
  }
  return undefined;
}

/** Whether both would answer the same requests with the same precedence, so that only one of them ever could. */
export function conflicts(a: Route, b: Route): boolean {
  const [left, right] = [parse(a.path), parse(b.path)];
  const same = (segment: Segment, index: number): boolean =>
    segment.kind === "static" ? segment.text === right[index]?.text : segment.kind === right[index]?.kind;
  return a.method === b.method && byRank(left, right) === 0 && left.every(same);
}

interface Segment {
  readonly kind: "static" | "parameter" | "rest";
  /** Of a parameter: its name. */
  readonly text: string;
}

function parse(pattern: string): readonly Segment[] {
  return pattern
    .slice(1)
    .split("/")
    .map((text) => {
      if (text === "*") return { kind: "rest", text };
      return text.startsWith(":") ? { kind: "parameter", text: text.slice(1) } : { kind: "static", text };
    });
}

const ranks: Readonly<Record<Segment["kind"] | "end", number>> = { end: 0, static: 1, parameter: 2, rest: 3 };

function byRank(a: readonly Segment[], b: readonly Segment[]): number {
  for (let index = 0; index < a.length || index < b.length; index++) {
    const difference = ranks[a[index]?.kind ?? "end"] - ranks[b[index]?.kind ?? "end"];
    if (difference !== 0) return difference;
  }
  return 0;
}

function matcher(pattern: string): (path: string) => Params | undefined {
  const segments = parse(pattern);
  const dynamic = segments.findIndex(({ kind }) => kind !== "static");
  const fixed = segments.slice(0, dynamic < 0 ? segments.length : dynamic);
  const head = fixed.map(({ text }) => `/${text}`).join("");
  // Nearly every path that a pattern does not answer is known by its beginning.
  return (path) => (path.startsWith(head) || path.includes("%") ? walk(segments, path) : undefined);
}

function walk(segments: readonly Segment[], path: string): Params | undefined {
  if (!path.startsWith("/")) return undefined;
  const params: Record<string, string> = Object.create(null);
  let slash = 0;
  for (const { kind, text } of segments) {
    if (kind === "rest") {
      params["*"] = path.slice(slash + 1);
      return params;
    }
    if (slash >= path.length) return undefined;
    const next = path.indexOf("/", slash + 1);
    const end = next < 0 ? path.length : next;
    const found = decoded(path.slice(slash + 1, end));
    if (kind === "static" ? found !== text : found === "") return undefined;
    if (kind === "parameter") params[text] = found;
    slash = end;
  }
  return slash === path.length ? params : undefined;
}

function decoded(text: string): string {
  return text.includes("%") ? decodeURIComponent(text) : text;
}

/** The path as a whole, whichever patterns look at it: no sequence reaches over a slash. */
function assertEncoded(path: string): void {
  if (!path.includes("%")) return;
  try {
    decodeURIComponent(path);
  } catch {
    throw new FaastenError("INVALID", `path "${path}": its percent-encoding is broken, write "%" as "%25"`);
  }
}

function checkSegment(text: string, last: boolean): string | undefined {
  if (text === "*") return last ? undefined : `"*" must be the last segment`;
  if (text === "." || text === "..") return `no request arrives with a segment "${text}", remove it`;
  if (text.includes("*")) return `"${text}" mixes "*" with text: a wildcard is a whole segment`;
  if (/[{}]/.test(text)) return `write ":name" for a parameter and "*" for the rest, not "${text}"`;
  if (text.includes("%")) return `write "${text}" decoded: arriving paths are decoded before they are compared`;
  if (/[\s\\]/.test(text)) return `"${text}" holds white space or a backslash`;
  if (!text.startsWith(":")) return undefined;
  if (!/^:[A-Za-z_][A-Za-z0-9_]*$/.test(text))
    return `"${text}": a parameter's name is a letter, then letters and digits`;
  return reserved.has(text.slice(1)) ? `"${text}" may not be a parameter's name` : undefined;
}

const reserved: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
