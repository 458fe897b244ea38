// Marks the declarations that a bundle may drop. A top-level `http.post(…)` is a call, so a bundler keeps every function of a
// file, and all that each of them imports, in every bundle, silently.
import { type Expression, type ImportDeclaration, parse, type Super } from "acorn";

/**
 * `const f = http.post(…)` becomes a pure call without arguments: a bundler drops a pure call only if its arguments are pure
 * too, and `orders.read` is not known to be. Marked are constants made by a call on something imported, on another such
 * constant, and all of the given names: what no function uses is left out, with all that makes it. Nothing moves to another line.
 *
 * `handed`: of a `lambda(handler, …)` of this name the handler alone is left, for a host that runs such handlers as they are.
 */
export function markPure(code: string, functions: ReadonlySet<string>, handed?: string): string {
  const { body } = parse(code, { ecmaVersion: "latest", sourceType: "module" });
  const known = new Set<string>();
  const lambdas = new Set<string>();
  const spans: (readonly [start: number, end: number, text?: string])[] = [];
  for (const statement of body) {
    if (statement.type === "ImportDeclaration") {
      for (const specifier of statement.specifiers) {
        known.add(specifier.local.name);
        if (statement.source.value === "faasten" && isLambda(specifier)) lambdas.add(specifier.local.name);
      }
    }
    if (statement.type === "ExportDefaultDeclaration" && statement.declaration.type === "CallExpression") {
      const root = rootOf(statement.declaration.callee);
      if (root !== undefined && known.has(root)) spans.push([statement.declaration.start, statement.declaration.end]);
    }
    const declaration = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
    if (declaration?.type !== "VariableDeclaration" || declaration.kind !== "const") continue;
    for (const { id, init } of declaration.declarations) {
      if ((init?.type !== "CallExpression" && init?.type !== "NewExpression") || id.type !== "Identifier") continue;
      const root = rootOf(init.callee);
      if (!functions.has(id.name) && !(root !== undefined && known.has(root))) continue;
      known.add(id.name);
      if (waits(code.slice(init.start, init.end))) continue;
      const [handler] = init.arguments;
      const alone = id.name === handed && init.callee.type === "Identifier" && lambdas.has(init.callee.name);
      if (alone && handler)
        spans.push([init.start, init.end, `({ lambda: { handler: ${code.slice(handler.start, handler.end)} } })`]);
      else spans.push([init.start, init.end]);
    }
  }
  return spans.reduceRight(
    (text, [start, end, made = text.slice(start, end)]) =>
      `${text.slice(0, start)}/* @__PURE__ */ (() => ${made})()${text.slice(end)}`,
    code,
  );
}

/** An `await` of the module's own cannot stand in a function. */
function waits(expression: string): boolean {
  if (!expression.includes("await")) return false;
  try {
    parse(`() => ${expression}`, { ecmaVersion: "latest", sourceType: "module" });
    return false;
  } catch {
    return true;
  }
}

function isLambda(specifier: ImportDeclaration["specifiers"][number]): boolean {
  if (specifier.type !== "ImportSpecifier") return false;
  const { imported } = specifier;
  return imported.type === "Identifier" && imported.name === "lambda";
}

/** `http` of `http.post`, `z` of `z.string().min`. */
function rootOf(callee: Expression | Super): string | undefined {
  if (callee.type === "Identifier") return callee.name;
  if (callee.type === "CallExpression") return rootOf(callee.callee);
  return callee.type === "MemberExpression" ? rootOf(callee.object) : undefined;
}
