// What a serverless.yml says to AWS alone: the resources that it makes itself, and what its handlers may do.
import type { AwsSection } from "../contracts/stack.ts";
import type { Manifest } from "./manifest.ts";
import { type Node, toPlain } from "./nodes.ts";
import { type Problems, quoted } from "./problems.ts";
import { asList, asMap, record } from "./shape.ts";
import { at } from "./variables.ts";

export function readAwsSection({ resources, provider, resolve }: Manifest, problems: Problems): AwsSection {
  const parts = resources?.kind === "list" ? resources.items : resources ? [resources] : [];
  const template: Record<string, Record<string, unknown>> = {};
  for (const part of parts) {
    const sections = asMap(resolve(part), problems)?.entries ?? new Map<string, Node>();
    for (const [name, node] of sections) {
      const value = resolve(node);
      if (name === "extensions" && value) {
        const message = `${quoted(node.path)} changes what the Serverless Framework makes, and here it makes nothing: leave it out`;
        problems.add("UNSUPPORTED", node, message);
      } else if (value?.kind === "map") template[name] = { ...template[name], ...Object(toPlain(value, resolve)) };
    }
  }
  const environment = record([...provider.made].map(([name, node]) => [name, toPlain(node, resolve)]));
  return { template, environment, statements: readStatements(provider, { resolve }, problems) };
}

/** https://www.serverless.com/framework/docs/providers/aws/guide/iam */
function readStatements(
  { iam }: Manifest["provider"],
  { resolve }: Pick<Manifest, "resolve">,
  problems: Problems,
): readonly unknown[] {
  const role = at(iam, "role", { resolve });
  if (!role) return [];
  if (role.kind !== "map" || role.tag !== undefined) {
    const message = `${quoted(role.path)} names a role for all functions, and each has a role of its own: write its \`statements\``;
    problems.add("UNSUPPORTED", role, message);
    return [];
  }
  for (const [key, node] of role.entries) {
    if (known.includes(key)) continue;
    problems.add("UNSUPPORTED", node, `${quoted(node.path)}: of a role Faasten keeps \`statements\`: leave it out`);
  }
  const written = at(role, "statements", { resolve });
  const list = asList(written, problems)?.items ?? [];
  return list.flatMap((item) => {
    const value = toPlain(item, resolve);
    return value === null ? [] : [value];
  });
}

/** A role is called by CloudFormation, and lies where its others do. */
const known = ["statements", "name", "path", "tags"];
