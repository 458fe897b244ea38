// What a file is named, how it begins, how long it is, and what may not stand in it.
import { basename, dirname } from "node:path";
import { programs } from "./imports.ts";
import { type Breach, isNode, type Node, nameOf, nodesOf, type Source } from "./source.ts";

/** Lines. */
export const longest = 400;
export const long = 250;

export function shapeBreaches(sources: readonly Source[]): readonly Breach[] {
  return sources.flatMap((source) => [...names(source), ...text(source), ...syntax(source), ...state(source)]);
}

function names({ path }: Source): readonly Breach[] {
  const parts = [...dirname(path).split("/"), basename(path, ".ts")];
  return parts.flatMap((part) => {
    if (/^(?:utils?|helpers?|commons?|types?|misc|shared)$/.test(part))
      return [breach(path, 1, `${part} says nothing: name it after what it does`)];
    return /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(part) ? [] : [breach(path, 1, `${part} is not kebab-case`)];
  });
}

function text({ path, text }: Source): readonly Breach[] {
  const lines = text.split("\n");
  const first = lines[0]?.startsWith("#!") ? 1 : 0;
  const found: Breach[] = [];
  if (!/^\/\/ \S.{10,}/.test(lines[first] ?? ""))
    found.push(breach(path, first + 1, "the first line is a comment that says what the file is for"));
  if (lines.length - 1 > longest) found.push(breach(path, longest, `more than ${longest} lines`));
  return found;
}

function syntax(source: Source): readonly Breach[] {
  return nodesOf(source.body).flatMap((node) => {
    const rule = (() => {
      switch (node.type) {
        case "ExportDefaultDeclaration":
          return "no default export";
        case "TSAnyKeyword":
          return "no any";
        case "TSEnumDeclaration":
          return "no enum";
        case "TSInterfaceDeclaration":
          return /^I[A-Z]/.test(nameOf(node["id"])) ? "no I before an interface's name" : undefined;
        default:
          return undefined;
      }
    })();
    return rule === undefined ? [] : [breach(source.path, source.lineOf(node), rule)];
  });
}

/**
 * What outlives a call and can change, outside of a program. A collection wants a readonly type, to which the compiler holds
 * it; a list or an object must not be written to in its own file, and an exported list wants the type as well.
 */
function state(source: Source): readonly Breach[] {
  const { path, body, lineOf } = source;
  if (programs.includes(path)) return [];
  const found: Breach[] = [];
  for (const top of body) {
    const exported = isNode(top["declaration"]);
    const node = isNode(top["declaration"]) ? top["declaration"] : top;
    if (node.type !== "VariableDeclaration") continue;
    if (node["kind"] !== "const") found.push(breach(path, lineOf(node), `module-level ${String(node["kind"])}`));
    else for (const one of nodesIn(node["declarations"])) found.push(...constant(source, one, exported));
  }
  for (const node of nodesOf(body)) {
    if (node.type === "PropertyDefinition" && node["static"] === true && node["readonly"] !== true)
      found.push(breach(path, lineOf(node), "a static field that can change"));
  }
  return found;
}

function constant({ path, text, body, lineOf }: Source, declarator: Node, exported: boolean): readonly Breach[] {
  const { id, init } = declarator;
  if (!isNode(id) || id.type !== "Identifier" || !isNode(init)) return [];
  const name = nameOf(id);
  const type = isNode(id["typeAnnotation"]) ? text.slice(id["typeAnnotation"].start, id["typeAnnotation"].end) : "";
  const value = withoutCast(init);
  const at = lineOf(declarator);
  const fixed = value !== init && text.slice(value.end, init.end).includes("as const");
  if (value.type === "NewExpression" && /^(?:Map|Set|Array)$/.test(nameOf(value["callee"])))
    return /^:\s*(?:ReadonlyMap<|ReadonlySet<|readonly )/.test(type)
      ? []
      : [breach(path, at, `${name}: a module-level collection wants a readonly type`)];
  if (value.type === "NewExpression" && /^Weak(?:Map|Set|Ref)$/.test(nameOf(value["callee"])))
    return [breach(path, at, `${name}: module-level state`)];
  if (value.type === "CallExpression" && nameOf(value["callee"]) === "once")
    return [breach(path, at, `${name}: what \`once\` keeps at module level is state`)];
  if ((value.type === "ArrayExpression" || value.type === "ObjectExpression") && changes(body, name))
    return [breach(path, at, `${name}: module-level state, for it is written to`)];
  if (value.type === "ArrayExpression" && exported && !fixed && !/^:\s*(?:readonly |ReadonlyArray<)/.test(type))
    return [breach(path, at, `${name}: an exported list wants a readonly type`)];
  return [];
}

/** Whether anything in the file writes to a member of what has this name, or calls what changes it. */
function changes(body: readonly Node[], name: string): boolean {
  return nodesOf(body).some((node) => {
    const target = node["left"] ?? node["argument"];
    const writes = /^(?:Assignment|Update)Expression$/.test(node.type) || node["operator"] === "delete";
    if (writes && isNode(target) && nameOf(target["object"]) === name) return true;
    const { callee } = node;
    if (!isNode(callee)) return false;
    const method = nameOf(callee["property"]);
    if (nameOf(callee["object"]) === name) return changing.test(method);
    const [first] = nodesIn(node["arguments"]);
    return nameOf(callee["object"]) === "Object" && /^(?:assign|define)/.test(method) && nameOf(first) === name;
  });
}

const changing = /^(?:push|pop|shift|unshift|splice|sort|reverse|fill|copyWithin|set|add|delete|clear)$/;

function withoutCast(node: Node): Node {
  const inner = node["expression"];
  return /^TS(?:As|Satisfies)Expression$/.test(node.type) && isNode(inner) ? withoutCast(inner) : node;
}

function nodesIn(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

function breach(file: string, line: number, rule: string): Breach {
  return { file, line, rule };
}
