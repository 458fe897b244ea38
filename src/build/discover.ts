// The functions of an app: its entry files' exports, each checked, every mistake reported.
import type { Definition, Grant } from "../contracts/function.ts";
import { componentName } from "../manifest/names.ts";
import { type Place, type Problems, quoted } from "../manifest/problems.ts";
import { kebab } from "../runtime/names.ts";
import { checkFunction, isGrant } from "./check-function.ts";
import { checkRoutes } from "./check-routes.ts";
import type { Found } from "./found.ts";

export type { Found } from "./found.ts";

export interface EntryModule {
  readonly file: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

export type Find = (exported: string, entry: string) => Place;

/** Every exported function of the entries, in their order. What cannot be served is reported. */
export function discover(
  entries: readonly EntryModule[],
  find: Find,
  problems: Problems,
  options: { readonly cloud: boolean },
): readonly Found[] {
  const found = entries.flatMap((entry) => functionsOf(entry, find));
  if (found.length === 0) {
    for (const { file } of entries) {
      problems.add(
        "NOT_FOUND",
        { file, line: 1 },
        'no function is exported here: write `export const hello = http.get("/hello", …)`',
      );
    }
  }
  const functions = eachOnce(found, problems);
  checkNames(functions, problems);
  checkTopics(functions, problems);
  checkRoutes(functions, problems);
  for (const one of functions) checkFunction(one, problems, options);
  return functions;
}

/** As they are written: a module's own order is that of the alphabet. */
function functionsOf({ file, exports }: EntryModule, find: Find): readonly Found[] {
  return Object.entries(exports)
    .flatMap(([exported, value]) =>
      isDefinition(value)
        ? [{ name: value.name ?? exported, exported, definition: value, ...find(exported, file) }]
        : [],
    )
    .sort((a, b) => a.line - b.line);
}

function isDefinition(value: unknown): value is Definition {
  return typeof value === "object" && value !== null && (value as { faasten?: unknown }).faasten === "function";
}

/** One function may be exported by several files. Under several names nobody could tell which is its own. */
function eachOnce(found: readonly Found[], problems: Problems): readonly Found[] {
  const known = new Map<Definition, Found>();
  for (const one of found) {
    const first = known.get(one.definition);
    if (!first) known.set(one.definition, one);
    else if (first.name !== one.name)
      problems.add(
        "ALREADY_EXISTS",
        one,
        `one function is exported as ${quoted(first.name)} and as ${quoted(one.name)}: export it once, or give its options a \`name\``,
      );
  }
  return [...known.values()];
}

function checkNames(found: readonly Found[], problems: Problems): void {
  const taken = new Map<string, Found>();
  for (const one of found) {
    if (one.name === "default" && one.definition.name === undefined) {
      problems.add(
        "MISCONFIGURED",
        one,
        "a default export has no name: write `export const hello = …`, or give its options a `name`",
      );
      continue;
    }
    if (shared.has(one.name)) {
      problems.add(
        "INVALID",
        one,
        `a function cannot be called ${quoted(one.name)}: what functions share is deployed under that name`,
      );
    }
    if (!functionName.test(one.name)) {
      problems.add(
        "INVALID",
        one,
        `a function cannot be called ${quoted(String(one.name))}: a lower-case letter first, then letters and digits, 40 at most`,
      );
      continue;
    }
    const other = taken.get(kebab(one.name));
    if (other)
      problems.add(
        "ALREADY_EXISTS",
        one,
        `the function ${one.name} has the name of ${other.name} (${problems.relative(other.file)}:${other.line}): as resources both are ${quoted(kebab(one.name))}; rename one`,
      );
    else taken.set(kebab(one.name), one);
  }
}

/** As `deployables.ts` calls what holds several functions. */
const shared: ReadonlySet<string> = new Set(["app", "http", "events"]);
const functionName = /^[a-z][a-zA-Z0-9]{0,39}$/;

/** Topics of one broker that would be one resource. */
function checkTopics(found: readonly Found[], problems: Problems): void {
  const taken = new Map<string, string>();
  for (const one of found) {
    for (const { broker, topic } of topicsOf(one.definition)) {
      if (!componentName.pattern.test(topic)) continue;
      const key = `${broker}\n${kebab(topic)}`;
      const other = taken.get(key);
      if (other === undefined) taken.set(key, topic);
      else if (other !== topic)
        problems.add(
          "ALREADY_EXISTS",
          one,
          `the topics ${quoted(topic)} and ${quoted(other)} are both ${quoted(kebab(topic))} as resources: write one name everywhere`,
        );
    }
  }
}

function topicsOf({ on, uses }: Definition): readonly { readonly broker: string; readonly topic: string }[] {
  const published = Object.values(uses)
    .filter((grant): grant is Grant & { readonly resource: string } => isGrant(grant) && grant.right === "publish")
    .map(({ component, resource }) => ({ broker: component, topic: resource }));
  return on.kind === "topic" ? [{ broker: on.pubsub, topic: on.topic }, ...published] : published;
}
