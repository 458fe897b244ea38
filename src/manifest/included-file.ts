// The files that a `${file(…)}` of a manifest names.
import { existsSync } from "node:fs";
import { extname } from "node:path";
import type { Node } from "./nodes.ts";
import type { Problems } from "./problems.ts";
import { readYaml } from "./yaml.ts";

/** JSON is YAML. */
export const includedEndings: readonly string[] = [".yml", ".yaml", ".json", ".tfstate"];

export function isIncludable(file: string): boolean {
  return includedEndings.includes(extname(file).toLowerCase());
}

/** What one holds; `undefined`: it is not there, or empty. "faulty": that is reported. */
export function readIncluded(file: string, name: string, problems: Problems): Node | undefined | "faulty" {
  if (!existsSync(file)) return undefined;
  const documents = readYaml(file, problems, `file(${name})`);
  if (!documents) return "faulty";
  const [only, second] = documents;
  if (!second) return only;
  problems.add("INVALID", second, "A file that a manifest includes holds one document: remove what follows `---`.");
  return "faulty";
}
