// What discover and bind say of an app that is given as values.
import { join } from "node:path";
import { type Bindings, bind } from "../../../src/build/bind.ts";
import { discover } from "../../../src/build/discover.ts";
import type { Found } from "../../../src/build/found.ts";
import { allProviders, providerOf, type Target } from "../../../src/build/providers.ts";
import { readComponents } from "../../../src/manifest/components.ts";
import { Problems } from "../../../src/manifest/problems.ts";
import { folder } from "../manifest/folder.ts";

export interface Said {
  readonly functions: readonly Found[];
  /** `file:line  code  message` */
  readonly wrong: readonly string[];
  readonly bindings: Bindings;
}

type Exports = Readonly<Record<string, unknown>>;

/** The exports of files, by name; `lines`: where each export stands, line 1 if left out. `yaml`: a file of components. */
export async function look(
  files: Readonly<Record<string, Exports>>,
  {
    yaml = "",
    cloud = false,
    target = "local",
    lines = {},
  }: { yaml?: string; cloud?: boolean; target?: Target; lines?: Readonly<Record<string, number>> } = {},
): Promise<Said> {
  const root = folder({ "components/all.yaml": yaml });
  const problems = new Problems(root);
  const providers = await allProviders();
  const types = providers.flatMap(({ components }) => Object.keys(components));
  const declared = readComponents({ folder: join(root, "components"), target, service: "shop", types }, problems);
  const entries = Object.entries(files).map(([file, exports]) => ({ file: join(root, file), exports }));
  const find = (exported: string, file: string) => ({ file, line: lines[exported] ?? 1 });
  const functions = discover(entries, find, problems, { cloud });
  const bindings = bind(functions, { provider: await providerOf(target), providers, declared }, problems);
  const wrong = problems.list().map(({ file, line, code, message }) => `${file}:${line}  ${code}  ${message}`);
  return { functions, wrong, bindings };
}

/** One document of components. */
export function component(name: string, type: string, more = ""): string {
  return `---\napiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: { name: ${name} }\nspec:\n  type: ${type}\n  version: v1\n${more}`;
}
