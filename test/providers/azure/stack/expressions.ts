// What the expressions of an ARM template come to, read as its reference says: https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions
import { createHash } from "node:crypto";

export interface Scope {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly variables: Readonly<Record<string, unknown>>;
  /** What a resource says of itself. Left out where a template may not ask. */
  readonly reference?: (id: string, version: string, full: boolean) => unknown;
  /** Every identifier that is made on the way. */
  readonly seen?: (id: string) => void;
}

export const group = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg";
const subscription = "/subscriptions/00000000-0000-0000-0000-000000000001";

/** A whole value of a template: texts in brackets are expressions, and those that begin with two are not. */
export function evaluated(value: unknown, scope: Scope): unknown {
  if (typeof value === "string") {
    if (!value.startsWith("[") || !value.endsWith("]")) return value;
    return value.startsWith("[[") ? value.slice(1) : expression(value.slice(1, -1), scope);
  }
  if (Array.isArray(value)) return value.map((one) => evaluated(one, scope));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [String(evaluated(key, scope)), evaluated(inner, scope)]);
  return Object.fromEntries(entries);
}

function expression(text: string, scope: Scope): unknown {
  let at = 0;
  const fail = (what: string): never => {
    throw new Error(`${what} at ${at} of ${text}`);
  };
  const token = (pattern: RegExp): string | undefined => {
    const [found] = new RegExp(pattern.source, "y").exec(text.slice(at)) ?? [];
    if (found !== undefined) at += found.length;
    return found;
  };
  function value(): unknown {
    token(/\s*/);
    const quoted = token(/'(?:[^']|'')*'/);
    if (quoted !== undefined) return quoted.slice(1, -1).replaceAll("''", "'");
    const number = token(/-?\d+/);
    if (number !== undefined) return Number(number);
    const name = token(/[A-Za-z]+(?=\()/) ?? fail("no value");
    token(/\(/);
    const args: unknown[] = [];
    token(/\s*/);
    if (token(/\)/) === undefined)
      do args.push(value());
      while (token(/\s*,/) !== undefined || (token(/\s*\)/) === undefined && fail("no end")));
    let result = called(name, args, scope);
    for (let key = token(/\.[A-Za-z]+/); key !== undefined; key = token(/\.[A-Za-z]+/)) {
      const inner: unknown = Object(result)[key.slice(1)];
      if (inner === undefined) fail(`nothing is called ${key.slice(1)}`);
      result = inner;
    }
    return result;
  }
  const result = value();
  if (at !== text.length) fail("something is left");
  return result;
}

function called(name: string, args: readonly unknown[], { parameters, variables, reference, seen }: Scope): unknown {
  const texts = args.map(String);
  const [first = "", second = ""] = texts;
  const named = (from: Readonly<Record<string, unknown>>): unknown => {
    if (!Object.hasOwn(from, first)) throw new Error(`${name}: there is no ${first}`);
    return from[first];
  };
  const id = (path: string): string => {
    seen?.(path);
    return path;
  };
  switch (name) {
    case "concat":
      return texts.join("");
    case "parameters":
      return named(parameters);
    case "variables":
      return named(variables);
    case "resourceGroup":
      return { id: group, location: "westeurope" };
    case "resourceId":
      return id(`${group}/providers/${paired(first, texts.slice(1))}`);
    case "extensionResourceId":
      return id(`${first}/providers/${paired(second, texts.slice(2))}`);
    case "subscriptionResourceId":
      return `${subscription}/providers/${paired(first, texts.slice(1))}`;
    case "guid":
      return hashed(texts).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, "$1-$2-$3-$4-$5");
    case "uniqueString":
      return [...hashed(texts).slice(0, 26)]
        .filter((_, index) => index % 2 === 0)
        .map((digit) => "abcdefghijklmnop"[Number.parseInt(digit, 16)])
        .join("");
    case "reference":
      if (!reference) throw new Error("reference() is only for properties and outputs");
      return reference(first, second, texts[2] === "Full");
  }
  throw new Error(`${name} is no function that is known here`);
}

/** `a.b/c/d` and two names are `a.b/c/name/d/name`. */
function paired(type: string, names: readonly string[]): string {
  const [provider = "", ...types] = type.split("/");
  if (types.length !== names.length || names.includes(""))
    throw new Error(`${type} has ${types.length} names, and not ${names.length}`);
  return [provider, ...types.flatMap((one, index) => [one, names[index]])].join("/");
}

function hashed(texts: readonly string[]): string {
  return createHash("sha256").update(texts.join("\0")).digest("hex");
}
