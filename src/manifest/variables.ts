// Gives the variables of a `serverless.yml` their values, each when it is read and not before.
import { dirname, resolve as toAbsolute } from "node:path";
import type { ErrorCode } from "../errors.ts";
import { includedEndings, isIncludable, readIncluded } from "./included-file.ts";
import { child, fromPlain, type MapNode, type Node, type ScalarNode } from "./nodes.ts";
import { nearest, type Problems, quoted, suggest } from "./problems.ts";
import { field } from "./shape.ts";
import { parseTemplate, type Source, type Template, type Variable } from "./variable-syntax.ts";

/** Where values come from that are not in the file. */
export interface Given {
  readonly stage?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly framework?: Framework;
}

/** The Serverless Framework, where it runs us: on AWS it deploys `functions:` by its own rules. */
export interface Framework {
  /** All of the file, its variables filled in: what the framework has read is not read again. */
  readonly configuration: unknown;
  /** Where the file names none. */
  readonly runtime: string;
}

export interface Variables {
  readonly framework?: Framework;
  /** The value itself with its variables filled in; those inside of a map or a list are left until they are read. `undefined`: reported. */
  resolve(node: Node): Node | undefined;
  /** The option's, then `provider.stage`, then "dev". `undefined`: reported. */
  stage(): Node | undefined;
  /** What `file(…)` named so far, there or not; absolute. */
  files(): readonly string[];
}

/** A problem is reported once, where the variable stands, however many values refer to it. */
export function createVariables(root: Node, given: Given, problems: Problems): Variables {
  const resolved = new Map<Node, Node | undefined>();
  const open: Node[] = [];
  const included = new Map<string, ReturnType<typeof readIncluded>>();
  return {
    ...(given.framework && { framework: given.framework }),
    resolve,
    stage: () => attempt(stage),
    files: () => [...included.keys()],
  };

  function resolve(node: Node): Node | undefined {
    if (node.kind !== "scalar" || typeof node.value !== "string" || node.tag !== undefined) return node;
    const text = node.value;
    if (!text.includes("${")) return node;
    if (resolved.has(node)) return resolved.get(node);
    const filled = given.framework && valueIn(given.framework.configuration, node.path);
    if (filled !== undefined) return fromPlain(filled, node);
    const value = attempt(() => fill(node, text));
    resolved.set(node, value);
    return value;
  }

  function fill(node: ScalarNode, text: string): Node {
    if (open.includes(node)) {
      const circle = [...open.slice(open.indexOf(node)), node].map(({ path }) => path).join(" → ");
      const message = `Variables refer to each other in a circle: ${circle}. Write one of them out.`;
      return fail("MISCONFIGURED", node, message);
    }
    if (open.length >= maxChain)
      return fail("INVALID", node, `Variables refer to each other over ${maxChain} times in a row.`);
    open.push(node);
    try {
      const template = parse(node, text);
      const [only] = template;
      if (template.length !== 1 || typeof only !== "object") return scalar(node, join(template, node));
      return valueOf(only, node) ?? fail("NOT_FOUND", node, noValue(only, node));
    } finally {
      open.pop();
    }
  }

  function parse(node: Node, text: string): Template {
    try {
      return parseTemplate(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return fail("INVALID", node, `The variable in ${quoted(text)} cannot be read: ${error.message}.`);
    }
  }

  function join(template: Template, node: Node): string {
    let joined = "";
    for (const part of template) {
      joined += typeof part === "string" ? part : textOf(part, node);
      if (joined.length > maxText)
        fail("TOO_LARGE", node, `The text is longer than ${maxText} characters once its variables are filled in.`);
    }
    return joined;
  }

  function textOf(variable: Variable, node: Node): string {
    const value = valueOf(variable, node) ?? fail("NOT_FOUND", node, noValue(variable, node));
    if (value.kind === "scalar" && value.value !== null && value.tag === undefined) return value.text;
    const what = value.tag ?? (value.kind === "scalar" ? "empty" : `a ${value.kind}`);
    const message = `${quoted(variable.text)} is ${what}, and stands inside of text: only plain values can.`;
    return fail("INVALID", node, message);
  }

  /** `undefined`: no source has a value. */
  function valueOf(variable: Variable, node: Node): Node | undefined {
    for (const source of variable.sources) {
      const value = valueOfSource(source, node);
      if (value) return value;
    }
    return undefined;
  }

  function valueOfSource(source: Source, node: Node): Node | undefined {
    if ("literal" in source) return scalar(node, source.literal);
    if ("variable" in source) return valueOf(source.variable, node);
    const { type } = source;
    if (type === "file" && source.params) return valueInFile(source.params, source.address, node);
    if (!isSource(type) || source.params !== undefined) return fail("UNSUPPORTED", node, unsupported(type));
    const address = join(source.address, node);
    if (address === "")
      return fail("INVALID", node, `${quoted(`\${${type}:}`)} names nothing: write what to read after the colon.`);
    return valueAt(type, address, node);
  }

  function valueAt(type: KnownSource, address: string, node: Node): Node | undefined {
    switch (type) {
      case "self":
        return walk(address.split(".")) ?? framework(address, node);
      case "env":
        return external(given.env, address, node);
      case "opt":
        if (address === "stage" && given.stage !== undefined) return scalar(node, given.stage);
        return external(given.options, address, node);
      case "param":
        return external(given.params, address, node) ?? param(address);
      case "sls":
        if (address === "stage") return stage();
        return fail(
          "UNSUPPORTED",
          node,
          `Faasten reads no ${quoted(`\${sls:${address}}`)}: of \`sls\` there is only \`\${sls:stage}\`.`,
        );
    }
  }

  /** What the framework fills in where the file has none. */
  function framework(address: string, node: Node): Node | undefined {
    if (address === "provider.stage") return stage();
    return address === "provider.region"
      ? (external(given.options, "region", node) ?? scalar(node, "us-east-1"))
      : undefined;
  }

  /** `file(config.yml):a.b`: beside this file, or below or above it. */
  function valueInFile(params: Template, address: Template, node: Node): Node | undefined {
    const name = join(params, node);
    const file = toAbsolute(dirname(root.file), name);
    if (!isIncludable(file)) {
      const mend = `write its values as one of ${includedEndings.join(", ")}, or hand them over: \`\${param:…}\``;
      return fail(
        "UNSUPPORTED",
        node,
        `${quoted(name)} is no file of values, and Faasten runs no code of it: ${mend}.`,
      );
    }
    const known = included.has(file) ? included.get(file) : readIncluded(file, name, problems);
    included.set(file, known);
    if (known === "faulty") throw new Failed();
    const path = join(address, node);
    return known && walk(path === "" ? [] : path.split("."), known);
  }

  function external(
    from: Readonly<Record<string, string | undefined>> | undefined,
    name: string,
    node: Node,
  ): Node | undefined {
    const value = from && Object.hasOwn(from, name) ? from[name] : undefined;
    return value === undefined ? undefined : scalar(node, value);
  }

  function param(name: string): Node | undefined {
    const current = stage();
    const stages = [...(current.kind === "scalar" ? [current.text] : []), "default"];
    for (const path of stages.flatMap((one) => [
      ["stages", one, "params", name],
      ["params", one, name],
    ])) {
      const value = walk(path);
      if (value) return value;
    }
    return undefined;
  }

  /** `undefined`: nothing is there, or an empty value. */
  function walk(path: readonly string[], from: Node = root): Node | undefined {
    let node: Node | undefined = from;
    for (const key of path) {
      node = child(must(node), key);
      if (!node) return undefined;
    }
    const value = must(node);
    return value.kind === "scalar" && value.value === null ? undefined : value;
  }

  function stage(): Node {
    if (given.stage !== undefined) return scalar({ ...root, path: "--stage" }, given.stage);
    const written = child(root, "provider")?.kind === "scalar" ? undefined : walk(["provider", "stage"]);
    return written ?? scalar({ ...root, path: "provider.stage" }, "dev");
  }

  function must(node: Node): Node {
    const value = resolve(node);
    if (value) return value;
    throw new Failed();
  }

  function fail(code: ErrorCode, node: Node, message: string): never {
    problems.add(code, node, message);
    throw new Failed();
  }

  function noValue(variable: Variable, node: Node): string {
    const ways = variable.sources.flatMap((source) => ("type" in source ? wayTo(source, node) : []));
    return `${quoted(variable.text)} has no value: ${ways.join(", ")}${ways.length > 0 ? ", or " : ""}write a fallback after a comma.`;
  }

  function wayTo(source: Extract<Source, { type: string }>, node: Node): string {
    const address = join(source.address, node);
    if (source.type === "env") return `set the environment variable ${quoted(address)}`;
    if (source.type === "opt") return `give \`--opt\` ${quoted(`${address}=…`)}`;
    if (source.type === "param")
      return `give \`--param\` ${quoted(`${address}=…`)} or write ${quoted(`params.default.${address}`)}`;
    if (source.params) {
      const name = join(source.params, node);
      const known = included.get(toAbsolute(dirname(root.file), name));
      if (!known || known === "faulty") return `write the file ${quoted(name)}`;
      return `write ${quoted(address)} in ${quoted(name)}${meantPath(address.split("."), known)}`;
    }
    return `write ${quoted(address)} in this file${meantPath(address.split("."))}`;
  }

  /** A misspelt address, its first wrong word mended. */
  function meantPath(path: readonly string[], from: Node = root): string {
    let node: Node | undefined = from;
    for (const [index, key] of path.entries()) {
      const holder: Node | undefined = resolve(node);
      node = holder && child(holder, key);
      if (node) continue;
      const meant = holder?.kind === "map" ? nearest(key, holder.entries.keys()) : undefined;
      return meant === undefined ? "" : ` (did you mean ${quoted(path.with(index, meant).join("."))}?)`;
    }
    return "";
  }
}

/** `custom.faasten.entry[0]` of plain data. A name that holds a dot is looked for as it is, too. */
function valueIn(data: unknown, path: string): unknown {
  if (path === "") return data;
  if (typeof data !== "object" || data === null) return undefined;
  const keys = Object.keys(data).filter((key) =>
    Array.isArray(data) ? path.startsWith(`[${key}]`) : path.startsWith(key),
  );
  for (const key of keys.sort((a, b) => b.length - a.length)) {
    const rest = path.slice(Array.isArray(data) ? key.length + 2 : key.length);
    if (rest !== "" && !/^[.[]/.test(rest)) continue;
    const found = valueIn(Reflect.get(data, key), rest.replace(/^\./, ""));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What is under a key, its variables filled in. `undefined`: nothing, or reported. */
export function at(map: MapNode | undefined, key: string, variables: Pick<Variables, "resolve">): Node | undefined {
  const node = field(map, key);
  const value = node && variables.resolve(node);
  return value?.kind === "scalar" && value.value === null ? undefined : value;
}

/** A problem is reported, and what depends on it has no value. */
class Failed extends Error {}

const knownSources = ["self", "env", "opt", "param", "sls"] as const;
type KnownSource = (typeof knownSources)[number];
const handOver = `hand its value over when it is built: \`\${env:…}\` or \`\${param:…}\``;
const whileRunning = `a function reads it by \`secret()\` or \`configuration()\` while it runs; or ${handOver}`;

/** The framework's other sources, and what does in their place. */
const frameworkSources: Readonly<Record<string, string>> = {
  ssm: whileRunning,
  vault: whileRunning,
  doppler: whileRunning,
  aws: `write it out, or as CloudFormation has it: \`\${AWS::Region}\`, \`\${AWS::AccountId}\``,
  cf: handOver,
  file: `name the file in parentheses: \`\${file(config.yml):key}\``,
  git: handOver,
  output: handOver,
  s3: handOver,
  strToBool: "write `true` or `false`",
  terraform: handOver,
};
const maxChain = 100;
const maxText: number = 1024 * 1024;

function isSource(type: string): type is KnownSource {
  return knownSources.some((known) => known === type);
}

function unsupported(type: string): string {
  const instead = Object.hasOwn(frameworkSources, type) ? frameworkSources[type] : undefined;
  if (instead !== undefined) return `Faasten reads no variable of the source ${quoted(type)}: ${instead}.`;
  const known = [...knownSources, "file"];
  const meant = nearest(type, known);
  const mend = meant === undefined ? ` It reads ${known.map(quoted).join(", ")}.` : suggest(type, [meant]);
  return `Faasten reads no variable of the source ${quoted(type)}.${mend}`;
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof Failed) return undefined;
    throw error;
  }
}

function scalar(at: Node, value: string | number | boolean | null): ScalarNode {
  const { file, line, column, path } = at;
  return { kind: "scalar", file, line, column, path, value, text: String(value ?? "") };
}
