// The parts of a program, by acorn.
import type { AnyNode, Pattern } from "acorn";

export type { AnyNode };
export type FunctionNode = Extract<
  AnyNode,
  { readonly type: "FunctionDeclaration" | "FunctionExpression" | "ArrowFunctionExpression" }
>;

/** The node and all that is in it, in the order of the text. */
export function nodesOf(node: AnyNode): readonly AnyNode[] {
  const found: AnyNode[] = [];
  const add = (one: AnyNode): void => {
    found.push(one);
    for (const child of childrenOf(one)) add(child);
  };
  add(node);
  return found;
}

export function childrenOf(node: AnyNode): readonly AnyNode[] {
  const found: AnyNode[] = [];
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) found.push(...value.filter(isNode));
    else if (isNode(value)) found.push(value);
  }
  return found;
}

/** A text that is written out; "…" stands for what is put into a template. */
export function textOf(node: AnyNode): string | undefined {
  if (node.type === "Literal") return typeof node.value === "string" ? node.value : undefined;
  return node.type === "TemplateLiteral" ? node.quasis.map(({ value }) => value.cooked ?? "").join("…") : undefined;
}

/** The name of a member or property; "*" where it is computed. */
export function keyOf(node: Extract<AnyNode, { type: "MemberExpression" | "Property" }>): string {
  const key = node.type === "Property" ? node.key : node.property;
  if (!node.computed && key.type === "Identifier") return key.name;
  return textOf(key) ?? "*";
}

/** The names that a pattern declares, and the fields by which each is reached. */
export function namesIn(
  pattern: Pattern,
  path: readonly string[] = [],
): readonly { readonly name: string; readonly path: readonly string[]; readonly node: AnyNode }[] {
  switch (pattern.type) {
    case "Identifier":
      return [{ name: pattern.name, path, node: pattern }];
    case "AssignmentPattern":
      return namesIn(pattern.left, path);
    case "RestElement":
      return namesIn(pattern.argument, path);
    case "ArrayPattern":
      return pattern.elements.flatMap((one) => (one ? namesIn(one, [...path, "*"]) : []));
    case "ObjectPattern":
      return pattern.properties.flatMap((one) =>
        one.type === "RestElement" ? namesIn(one, path) : namesIn(one.value, [...path, keyOf(one)]),
      );
    default:
      return [];
  }
}

export function isFunction(node: AnyNode): node is FunctionNode {
  return /^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type);
}

/** Of an identifier, or of an export that is named by a text; empty where it is neither. */
export function nameOf(node: AnyNode): string {
  if (node.type === "Identifier") return node.name;
  return node.type === "Literal" ? String(node.value) : "";
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
