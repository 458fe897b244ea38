// What a plan tells of rights and of doors: which line of source is behind each.
import type { Graph, GraphFunction } from "../contracts/graph.ts";
import type { Permission } from "../contracts/stack.ts";

/** The functions that are behind a permission, as its reasons name them. */
export function causesOf(
  { because, deployable }: Permission,
  { functions, deployables }: Graph,
): readonly GraphFunction[] {
  const held = new Set(deployables.find(({ name }) => name === deployable)?.functions);
  const words = new Set(because.flatMap((reason) => reason.split(/[^A-Za-z0-9]+/)));
  const named = functions.filter(({ name }) => words.has(name));
  const own = named.filter(({ name }) => held.has(name));
  if (own.length > 0) return own;
  return named.length > 0 ? named : functions.filter(({ name }) => held.has(name));
}

/** Those that anybody may call. */
export function publicRoutes({ functions }: Graph): readonly (GraphFunction & { readonly route: string })[] {
  return functions.flatMap((one) =>
    one.on.kind === "http" && one.on.access === "public"
      ? [{ ...one, route: `${one.on.method === "*" ? "ANY" : one.on.method} ${one.on.path}` }]
      : [],
  );
}
