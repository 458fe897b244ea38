// The functions of an app: its entry files' exports, each checked, every mistake reported.
import type { Definition, Grant } from "../contracts/function.ts";
import type { TriggerSpec } from "../contracts/trigger.ts";
import { componentName, kebab } from "../manifest/names.ts";
import { type Place, type Problems, quoted } from "../manifest/problems.ts";
import { checkPath, conflicts, type Route } from "../runtime/router.ts";
import { cronProblem } from "./cron.ts";

export interface Found extends Place {
  readonly name: string;
  /** As the module exports it. */
  readonly exported: string;
  readonly definition: Definition;
}

export interface EntryModule {
  readonly file: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

export type Find = (exported: string, entry: string) => Place;

/** Every exported function of the entries, in their order. What cannot be served is reported and left out. */
export function discover(
  entries: readonly EntryModule[],
  find: Find,
  problems: Problems,
  options: { readonly cloud: boolean },
): readonly Found[] {
  const found: Found[] = [];
  const known = new Set<Definition>();
  for (const { file, exports } of entries) {
    for (const [exported, value] of Object.entries(exports)) {
      if (!isDefinition(value) || known.has(value)) continue;
      known.add(value);
      found.push({ name: value.name ?? exported, exported, definition: value, ...find(exported, file) });
    }
  }
  if (found.length === 0) {
    for (const { file } of entries) {
      problems.add(
        "NOT_FOUND",
        { file, line: 1 },
        'no function is exported here: write `export const hello = http.get("/hello", …)`',
      );
    }
  }
  checkNames(found, problems);
  checkRoutes(found, problems);
  for (const one of found) checkFunction(one, problems, options);
  return found;
}

function isDefinition(value: unknown): value is Definition {
  return typeof value === "object" && value !== null && (value as { faasten?: unknown }).faasten === "function";
}

function checkNames(found: readonly Found[], problems: Problems): void {
  const taken = new Map<string, Found>();
  for (const one of found) {
    if (!functionName.test(one.name)) {
      problems.add(
        "INVALID",
        one,
        `a function cannot be called ${quoted(one.name)}: a lower-case letter first, then letters and digits, 40 at most`,
      );
    }
    const other = taken.get(kebab(one.name));
    if (other)
      problems.add(
        "ALREADY_EXISTS",
        one,
        `the function ${one.name} has the name of ${other.name} (line ${other.line}): as resources both are ${quoted(kebab(one.name))}`,
      );
    else taken.set(kebab(one.name), one);
  }
}

const functionName = /^[a-z][a-zA-Z0-9]{0,39}$/;

function checkRoutes(found: readonly Found[], problems: Problems): void {
  const seen: { readonly one: Found; readonly route: Route }[] = [];
  for (const one of found) {
    const { on } = one.definition;
    if (on.kind !== "http") continue;
    const wrong = checkPath(on.path);
    if (wrong !== undefined) {
      problems.add("INVALID", one, `${one.name}: ${wrong}`);
      continue;
    }
    const other = seen.find((earlier) => conflicts(earlier.route, on));
    if (other)
      problems.add(
        "ALREADY_EXISTS",
        one,
        `${one.name}: ${on.method} ${on.path} is answered by ${other.one.name} already (line ${other.one.line})`,
      );
    else seen.push({ one, route: on });
  }
}

function checkFunction(one: Found, problems: Problems, { cloud }: { readonly cloud: boolean }): void {
  const { on, uses } = one.definition;
  const say = (message: string): void => problems.add("INVALID", one, `${one.name}: ${message}`);
  if (cloud && on.kind === "http" && on.access === undefined) {
    problems.add(
      "MISCONFIGURED",
      one,
      `${one.name} does not say who may call it: add \`access: "public"\`, \`"service"\` or \`jwt({ … })\``,
    );
  }
  for (const wrong of triggerProblems(on)) say(wrong);
  for (const [name, grant] of Object.entries(uses)) {
    if (!isGrant(grant)) {
      say(`\`uses.${name}\` is no grant: write what it may do, such as \`.read\`, \`.readWrite\` or \`.publish\``);
      continue;
    }
    if (reserved.has(name))
      say(`\`uses.${name}\`: every handler has a ${quoted(name)} already; call it something else`);
    if (!componentName.pattern.test(grant.component))
      say(`${quoted(grant.component)} cannot name a component: ${componentName.rule}`);
  }
}

const reserved: ReadonlySet<string> = new Set([
  "signal",
  "deadline",
  "log",
  "trace",
  "native",
  "params",
  "body",
  "caller",
]);

export function isGrant(value: unknown): value is Grant {
  return typeof value === "object" && value !== null && "block" in value && "component" in value && "right" in value;
}

function triggerProblems(on: TriggerSpec): readonly string[] {
  switch (on.kind) {
    case "http":
      return [];
    case "topic": {
      const names = (
        [
          ["topic", on.topic],
          ["component", on.pubsub],
        ] as const
      ).flatMap(([what, name]) =>
        componentName.pattern.test(name) ? [] : [`${quoted(name)} cannot name a ${what}: ${componentName.rule}`],
      );
      const whole = Number.isInteger(on.attempts) && on.attempts >= 1 && on.attempts <= 100;
      return whole ? names : [...names, `${on.attempts} attempts cannot be: a whole number from 1 to 100`];
    }
    case "schedule": {
      const wrong = cronProblem(on.cron, on.timeZone);
      return wrong === undefined ? [] : [wrong];
    }
  }
}
