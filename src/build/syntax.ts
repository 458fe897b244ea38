// What a name stands for in a program that a bundler wrote: no name is shadowed in it by an outer one's.
import { type Program, parse } from "acorn";
import {
  type AnyNode,
  childrenOf,
  type FunctionNode,
  isFunction,
  keyOf,
  nameOf,
  namesIn,
  nodesOf,
  textOf,
} from "./nodes.ts";

/** Where a value comes from: a global, a module or a parameter, and the fields that lead from there to it. "*": any. */
export interface Origin {
  readonly root: "global" | `module ${string}` | Parameter;
  readonly path: readonly string[];
}

export interface Parameter {
  readonly of: FunctionNode;
  readonly index: number;
}

export interface Syntax {
  readonly program: Program;
  originOf(node: AnyNode): Origin | undefined;
  /** The functions that an expression is, or that it wraps: `handler`, `middy(handler).use(…)`. */
  functionsOf(node: AnyNode): readonly FunctionNode[];
  /** What the module exports under this name. */
  exported(name: string): AnyNode | undefined;
  /** Export → its value, of a module that is used as an object. */
  spaceOf(node: AnyNode): ReadonlyMap<string, AnyNode> | undefined;
  /** The module of `require("…")` and `import("…")`. */
  requiredBy(node: AnyNode): string | undefined;
}

export function readSyntax(code: string): Syntax {
  const program = parse(code, { ecmaVersion: "latest", sourceType: "module", locations: true });
  const declared = new Map<string, Declared[]>();
  declare(program, program, (name, one) => {
    const known = declared.get(name);
    if (known) known.push(one);
    else declared.set(name, [one]);
  });

  const spaces = new Map(program.body.filter(isSpace).map((statement) => spaceIn(statement)));

  /** The innermost of those that are seen from there. */
  function resolve(name: string, { start }: AnyNode): Declared | undefined {
    let found: Declared | undefined;
    for (const one of declared.get(name) ?? []) {
      const seen = one.scope.start <= start && start < one.scope.end;
      if (seen && (!found || one.scope.start >= found.scope.start)) found = one;
    }
    return found;
  }

  function originOf(node: AnyNode, depth = 0): Origin | undefined {
    if (depth > deepest) return undefined;
    const inner = (next: AnyNode): Origin | undefined => originOf(next, depth + 1);
    switch (node.type) {
      case "Identifier": {
        const one = resolve(node.name, node);
        if (!one) return { root: "global", path: [node.name] };
        if (one.root !== undefined) return { root: one.root, path: one.path };
        return one.value && extend(inner(one.value), one.path);
      }
      case "MemberExpression":
        return node.object.type === "Super" ? undefined : extend(inner(node.object), [keyOf(node)]);
      case "ChainExpression":
        return inner(node.expression);
      case "AwaitExpression":
        return inner(node.argument);
      case "LogicalExpression":
        return inner(node.left);
      case "AssignmentExpression":
        return inner(node.right);
      case "CallExpression": {
        const [argument] = node.arguments;
        if (argument && node.callee.type === "Identifier" && node.callee.name === "__toESM") return inner(argument);
        const module = requiredBy(node);
        return module === undefined ? undefined : { root: `module ${module}`, path: [] };
      }
      case "ImportExpression": {
        const module = requiredBy(node);
        return module === undefined ? undefined : { root: `module ${module}`, path: [] };
      }
      default:
        return undefined;
    }
  }

  function spaceOf(node: AnyNode): ReadonlyMap<string, AnyNode> | undefined {
    return node.type === "Identifier" ? spaces.get(node.name) : undefined;
  }

  function requiredBy(node: AnyNode): string | undefined {
    if (node.type === "ImportExpression") return textOf(node.source);
    if (node.type !== "CallExpression" || node.callee.type !== "Identifier" || !node.arguments[0]) return undefined;
    const { name } = node.callee;
    const maker = resolve(name, node.callee)?.value;
    const made = maker?.type === "CallExpression" && originOf(maker.callee)?.path.at(-1) === "createRequire";
    return made || name === "__require" || (name === "require" && !maker) ? textOf(node.arguments[0]) : undefined;
  }

  function functionsOf(node: AnyNode, depth = 0): readonly FunctionNode[] {
    if (depth > deepest) return [];
    const inner = (next: AnyNode | undefined): readonly FunctionNode[] => (next ? functionsOf(next, depth + 1) : []);
    switch (node.type) {
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        return [node];
      case "Identifier":
        return inner(resolve(node.name, node)?.value);
      case "AssignmentExpression":
        return inner(node.right);
      case "ChainExpression":
        return inner(node.expression);
      case "LogicalExpression":
        return [...inner(node.left), ...inner(node.right)];
      case "CallExpression": {
        const wrapped = node.callee.type === "MemberExpression" ? inner(node.callee.object) : [];
        return [...wrapped, ...node.arguments.flatMap(inner)];
      }
      case "MemberExpression":
        return valuesOf(node).flatMap(inner);
      default:
        return [];
    }
  }

  /** `legacy.handler` of an object that is written out, or of a module. */
  function valuesOf(node: Extract<AnyNode, { type: "MemberExpression" }>): readonly AnyNode[] {
    const key = keyOf(node);
    const object = node.object.type === "ChainExpression" ? node.object.expression : node.object;
    const member = spaceOf(object)?.get(key);
    if (member) return [member];
    if (object.type === "Identifier") return membersOf(object, key);
    if (object.type !== "MemberExpression") return [];
    // `default` of a module of CommonJS is the module.
    const whole = keyOf(object) === "default" ? membersOf(object.object, key) : [];
    return [...whole, ...valuesOf(object).flatMap((value) => membersOf(value, key))];
  }

  function membersOf(of: AnyNode, key: string): readonly AnyNode[] {
    const value = of.type === "Identifier" ? resolve(of.name, of)?.value : of;
    if (value?.type === "ObjectExpression")
      return value.properties.flatMap((one) => (one.type === "Property" && keyOf(one) === key ? [one.value] : []));
    const wrapper = value && commonJs(value);
    return wrapper ? exportsOf(wrapper, key) : [];
  }

  /** The function that a module of CommonJS was made: `__toESM(require_legacy())` of `require_legacy = __commonJS({ … })`. */
  function commonJs(value: AnyNode): FunctionNode | undefined {
    const call = value.type === "CallExpression" && nameOf(value.callee) === "__toESM" ? value.arguments[0] : value;
    if (call?.type !== "CallExpression" || call.callee.type !== "Identifier") return undefined;
    const made = resolve(call.callee.name, call)?.value;
    if (made?.type !== "CallExpression" || nameOf(made.callee) !== "__commonJS") return undefined;
    const [files] = made.arguments;
    const file = files?.type === "ObjectExpression" ? files.properties[0] : undefined;
    return file?.type === "Property" && file.value.type === "FunctionExpression" ? file.value : undefined;
  }

  function exportsOf(wrapper: FunctionNode, key: string): readonly AnyNode[] {
    const [own = "", module = ""] = wrapper.params.map(nameOf);
    return nodesOf(wrapper.body).flatMap((node) => {
      if (node.type !== "AssignmentExpression" || node.left.type !== "MemberExpression") return [];
      const { object } = node.left;
      const whole = nameOf(object) === module && module !== "" && keyOf(node.left) === "exports";
      const ofModule = object.type === "MemberExpression" && nameOf(object.object) === module;
      if (whole && node.right.type === "ObjectExpression") return membersOf(node.right, key);
      if (whole && key === "default") return [node.right];
      return keyOf(node.left) === key && (nameOf(object) === own || ofModule) ? [node.right] : [];
    });
  }

  return {
    program,
    originOf,
    functionsOf,
    requiredBy,
    spaceOf,
    exported(name) {
      for (const statement of program.body) {
        if (statement.type !== "ExportNamedDeclaration") continue;
        for (const { exported, local } of statement.specifiers)
          if (nameOf(exported) === name && local.type === "Identifier") return resolve(local.name, local)?.value;
      }
      return undefined;
    },
  };
}

/** `__export(it, { name: () => value })`: a bundler's own way to make an object of a module. */
export function isSpace(node: AnyNode): boolean {
  return (
    node.type === "ExpressionStatement" &&
    node.expression.type === "CallExpression" &&
    nameOf(node.expression.callee) === "__export"
  );
}

function spaceIn(statement: AnyNode): readonly [string, ReadonlyMap<string, AnyNode>] {
  const call = statement.type === "ExpressionStatement" ? statement.expression : statement;
  const [name, members] = call.type === "CallExpression" ? call.arguments : [];
  const getters = members?.type === "ObjectExpression" ? members.properties : [];
  const values = getters.flatMap((one) =>
    one.type === "Property" && one.value.type === "ArrowFunctionExpression"
      ? [[keyOf(one), one.value.body] as const]
      : [],
  );
  return [name ? nameOf(name) : "", new Map(values)];
}

interface Declared {
  readonly scope: AnyNode;
  /** The value itself, or that of which it is a part by `path`. */
  readonly value?: AnyNode;
  readonly root?: Origin["root"];
  readonly path: readonly string[];
}

/** How many names may stand for one another. */
const deepest = 24;

function declare(node: AnyNode, scope: AnyNode, say: (name: string, one: Declared) => void): void {
  let inner = scope;
  if (isFunction(node)) {
    if (node.id && node.type === "FunctionDeclaration") say(node.id.name, { scope, value: node, path: [] });
    inner = node;
    for (const [index, parameter] of node.params.entries())
      for (const { name, path } of namesIn(parameter)) say(name, { scope: node, root: { of: node, index }, path });
  } else if (node.type === "ClassDeclaration" && node.id) {
    say(node.id.name, { scope, value: node, path: [] });
  } else if (node.type === "ImportDeclaration") {
    for (const one of node.specifiers) {
      const imported = one.type === "ImportSpecifier" ? [nameOf(one.imported)] : [];
      say(one.local.name, { scope, root: `module ${String(node.source.value)}`, path: imported });
    }
  } else if (node.type === "VariableDeclarator") {
    for (const { name, path } of namesIn(node.id))
      say(name, { scope, path, ...(node.init && { value: bare(node.init) }) });
  } else if (node.type === "ForOfStatement" && node.left.type === "VariableDeclaration") {
    for (const { id } of node.left.declarations)
      for (const { name, path } of namesIn(id)) say(name, { scope: node, value: node.right, path: ["*", ...path] });
    for (const child of [node.right, node.body]) declare(child, inner, say);
    return;
  } else if (node.type === "CatchClause" && node.param) {
    for (const { name, path } of namesIn(node.param)) say(name, { scope: node, path });
  }
  for (const child of childrenOf(node)) declare(child, inner, say);
}

/** Without what marks it as pure. */
function bare(node: AnyNode): AnyNode {
  if (node.type !== "CallExpression" || node.callee.type !== "ArrowFunctionExpression") return node;
  return node.callee.params.length === 0 && node.callee.expression ? node.callee.body : node;
}

function extend(origin: Origin | undefined, path: readonly string[]): Origin | undefined {
  return origin && { root: origin.root, path: [...origin.path, ...path] };
}
