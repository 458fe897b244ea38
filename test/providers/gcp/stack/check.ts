// A checker of emitted configurations: types, arguments and their kinds, what must be there, references, names that Terraform
// keeps for itself, circles. It knows no more of the provider than schema.ts.
// https://developer.hashicorp.com/terraform/language/syntax/json
import { type Arguments, dataSources, type Kind, resources, type Schema } from "./schema.ts";

export interface Template {
  readonly terraform: Readonly<Record<string, unknown>>;
  readonly variable: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly data: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly resource: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
  readonly output: Readonly<Record<string, unknown>>;
}

/** What is wrong, each with where it is. */
export function faultsOf(template: Template): readonly string[] {
  const faults: string[] = [];
  const edges = new Map<string, Set<string>>();
  const add = (at: string, what: string): void => void faults.push(`${at}: ${what}`);
  const top = new Set(["//", "terraform", "variable", "provider", "data", "resource", "output"]);
  for (const name of Object.keys(template)) if (!top.has(name)) add(name, "no block of Terraform's is called so");
  for (const name of Object.keys(template.terraform))
    if (!["required_version", "required_providers", "backend"].includes(name)) add(`terraform.${name}`, "is unknown");
  for (const name of Object.keys(template.variable)) {
    checkLabel(`variable.${name}`, name, add);
    // https://developer.hashicorp.com/terraform/language/values/variables#declaring-an-input-variable
    if (reserved.includes(name)) add(`variable.${name}`, "Terraform keeps this name for itself");
  }
  const blocks = [...entriesOf(template.data, dataSources, "data."), ...entriesOf(template.resource, resources, "")];
  for (const { address, label, body, schema } of blocks) {
    checkLabel(address, label, add);
    if (!schema) add(address, "there is no such type");
    else checkArguments(address, withoutMeta(body, address, add), schema.arguments, add);
    edges.set(address, new Set(dependenciesOf(body)));
  }
  const known = { template, blocks: new Map(blocks.map(({ address, schema }) => [address, schema])) };
  for (const { address, body } of blocks) for (const text of textsOf(body)) checkText(address, text, known, add);
  for (const [name, body] of Object.entries(template.output)) {
    checkLabel(`output.${name}`, name, add);
    for (const text of textsOf(body)) checkText(`output.${name}`, text, known, add);
  }
  for (const circle of circlesOf(edges)) add(circle, "waits for itself");
  return faults;
}

type Add = (at: string, what: string) => void;
const reserved = ["source", "version", "providers", "count", "for_each", "lifecycle", "depends_on", "locals"];

interface Block {
  readonly address: string;
  readonly label: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly schema: Schema | undefined;
}

function entriesOf(
  kinds: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  schemas: Readonly<Record<string, Schema>>,
  prefix: string,
): readonly Block[] {
  return Object.entries(kinds).flatMap(([type, bodies]) =>
    Object.entries(bodies).map(([label, body]) => ({
      address: `${prefix}${type}.${label}`,
      label,
      body: Object(body) as Readonly<Record<string, unknown>>,
      schema: schemas[type],
    })),
  );
}

function checkLabel(at: string, label: string, add: Add): void {
  if (!/^[A-Za-z_][\w-]*$/.test(label)) add(at, "is no identifier");
}

/** `lifecycle` and `depends_on` are the language's, and take no expressions. */
function withoutMeta(body: Readonly<Record<string, unknown>>, at: string, add: Add): Readonly<Record<string, unknown>> {
  const { lifecycle = {}, depends_on = [], ...own } = body;
  for (const [name, value] of Object.entries(Object(lifecycle)))
    if (!["prevent_destroy", "create_before_destroy"].includes(name) || typeof value !== "boolean")
      add(`${at}.lifecycle.${name}`, "is no literal setting of Terraform's");
  if (!Array.isArray(depends_on) || depends_on.some((one) => typeof one !== "string" || one.includes("${")))
    add(`${at}.depends_on`, "is no list of addresses");
  return own;
}

function checkArguments(at: string, body: Readonly<Record<string, unknown>>, known: Arguments, add: Add): void {
  for (const [name, value] of Object.entries(body)) {
    const kind = known[name] ?? known[`${name}!`];
    if (kind === undefined) add(`${at}.${name}`, "is no argument of it");
    else checkKind(`${at}.${name}`, value, kind, add);
  }
  for (const name of Object.keys(known))
    if (name.endsWith("!") && body[name.slice(0, -1)] === undefined) add(`${at}.${name.slice(0, -1)}`, "is missing");
}

function checkKind(at: string, value: unknown, kind: Kind, add: Add): void {
  if (typeof kind === "object") {
    if (typeof value !== "object" || value === null || Array.isArray(value)) add(at, "is no block");
    else checkArguments(at, value as Readonly<Record<string, unknown>>, kind.block, add);
  } else if (kind === "strings") {
    if (!Array.isArray(value) || value.some((one) => typeof one !== "string")) add(at, "is no list of texts");
  } else if (kind === "map") {
    if (typeof value !== "object" || Object.values(Object(value)).some((one) => typeof one !== "string"))
      add(at, "is no map of texts");
  } else if (typeof value !== kind) add(at, `is no ${kind}`);
}

function* textsOf(value: unknown): Generator<string> {
  if (typeof value === "string") yield value;
  else if (typeof value === "object" && value !== null)
    for (const [key, inner] of Object.entries(value)) {
      yield key;
      yield* textsOf(inner);
    }
}

/** The text's literal parts, and the code between `${` and `}`. By the language's rules, as far as our stacks use it. */
export function partsOf(text: string): readonly (string | { readonly code: string })[] {
  const parts: (string | { readonly code: string })[] = [];
  let literal = "";
  for (let at = 0; at < text.length; ) {
    const escape = text.startsWith("$${", at) ? "${" : text.startsWith("%%{", at) ? "%{" : undefined;
    if (escape !== undefined) {
      literal += escape;
      at += 3;
    } else if (text.startsWith("${", at)) {
      const end = endOf(text, at + 2);
      if (literal !== "") parts.push(literal);
      literal = "";
      parts.push({ code: text.slice(at + 2, end) });
      at = end + 1;
    } else if (text.startsWith("%{", at)) throw new Error(`a directive in ${JSON.stringify(text)}`);
    else literal += text[at++];
  }
  return literal === "" ? parts : [...parts, literal];
}

function endOf(text: string, from: number): number {
  let quoted = false;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '"') quoted = !quoted;
    else if (text[at] === "}" && !quoted) return at;
  }
  throw new Error(`an expression without an end in ${JSON.stringify(text)}`);
}

/** What a text without references is, read back. */
export function literalOf(text: string): string {
  return partsOf(text)
    .map((part) => {
      if (typeof part === "string") return part;
      const [, inner] = /^"([^"\\]*)"$/.exec(part.code) ?? [];
      if (inner === undefined) throw new Error(`${part.code} refers to something`);
      return inner;
    })
    .join("");
}

interface Known {
  readonly template: Template;
  readonly blocks: ReadonlyMap<string, Schema | undefined>;
}

function checkText(at: string, text: string, known: Known, add: Add): void {
  try {
    for (const part of partsOf(text)) if (typeof part === "object") checkCode(at, part.code, known, add);
  } catch (error) {
    add(at, error instanceof Error ? error.message : String(error));
  }
}

function checkCode(at: string, code: string, { template, blocks }: Known, add: Add): void {
  if (/^"[^"\\]*"$/.test(code) || code === "path.module") return;
  const [, variable] = /^var\.(\w+)$/.exec(code) ?? [];
  if (variable !== undefined) {
    if (!template.variable[variable]) add(at, `there is no ${code}`);
    return;
  }
  const [, address, path] = /^((?:data\.)?\w+\.[\w-]+)\.([\w.[\]]+)$/.exec(code) ?? [];
  if (address === undefined || path === undefined) {
    add(at, `${code} is no reference`);
    return;
  }
  if (!blocks.has(address)) {
    add(at, `there is no ${address}`);
    return;
  }
  const schema = blocks.get(address);
  let inner: Kind | undefined = schema && { block: { id: "string", ...schema.arguments, ...schema.attributes } };
  for (const step of path.split(".")) {
    const [, name = "", index] = /^(\w+)(\[0\])?$/.exec(step) ?? [];
    const fields: Arguments = typeof inner === "object" ? inner.block : {};
    inner = fields[name] ?? fields[`${name}!`];
    // A block is read as a list of such.
    if (inner === undefined || (typeof inner === "object") !== (index !== undefined)) {
      add(at, `${address} has no ${path}`);
      return;
    }
  }
}

function* dependenciesOf(body: Readonly<Record<string, unknown>>): Generator<string> {
  for (const one of Array.isArray(body["depends_on"]) ? body["depends_on"] : []) yield String(one);
  for (const text of textsOf(body))
    for (const [, address = ""] of text.matchAll(/(?<!\$)\$\{((?:data\.)?\w+\.[\w-]+)\.[\w.[\]]+\}/g))
      if (!address.startsWith("var.")) yield address;
}

/** What is waited for and is not there, and what waits for itself. */
function* circlesOf(edges: ReadonlyMap<string, ReadonlySet<string>>): Generator<string> {
  const done = new Set<string>();
  function* look(from: string, path: readonly string[]): Generator<string> {
    if (path.includes(from)) yield [...path.slice(path.indexOf(from)), from].join(" → ");
    else if (!edges.has(from)) yield `${path.at(-1)} → ${from} (which is not there)`;
    else if (!done.has(from)) {
      for (const next of edges.get(from) ?? []) yield* look(next, [...path, from]);
      done.add(from);
    }
  }
  for (const from of edges.keys()) yield* look(from, []);
}
