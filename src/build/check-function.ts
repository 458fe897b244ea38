// One function by itself: what triggers it, who may call it, and what it uses.
import type { Definition, Grant } from "../contracts/function.ts";
import type { Cors, TriggerSpec } from "../contracts/trigger.ts";
import { componentName } from "../manifest/names.ts";
import { nearest, type Problems, quoted, suggest } from "../manifest/problems.ts";
import { cronProblem } from "./cron.ts";
import type { Found } from "./found.ts";

/** `cloud`: it must also say what only a cloud has to know. */
export function checkFunction(one: Found, problems: Problems, { cloud }: { readonly cloud: boolean }): void {
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
  for (const wrong of lambdaProblems(one.definition)) say(wrong);
  for (const [name, grant] of Object.entries(uses)) {
    if (reserved.has(name))
      say(`\`uses.${name}\`: every handler has a ${quoted(name)} already; call it something else`);
    if (!isGrant(grant)) say(`\`uses.${name}\` is no grant: ${howToGrant(grant)}`);
    else for (const wrong of grantProblems(grant)) say(wrong);
  }
}

export function isGrant(value: unknown): value is Grant {
  return typeof value === "object" && value !== null && "block" in value && "component" in value && "right" in value;
}

const reserved: ReadonlySet<string> = new Set([
  ...["signal", "deadline", "now", "log", "trace", "native"],
  ...["params", "body", "caller", "constructor"],
]);

/** A declaration holds its grants under their names. */
function howToGrant(value: unknown): string {
  if (typeof value === "object" && value !== null && "output" in value)
    return 'say what it may do, with `.output("create")` or other operations';
  const known = ["read", "readWrite", "list", "publish"];
  const rights =
    typeof value === "object" && value !== null
      ? known.filter((right) => isGrant((value as Readonly<Record<string, unknown>>)[right]))
      : [];
  const choice = (rights.length > 0 ? rights : ["read", "readWrite", "publish"]).map((right) => `\`.${right}\``);
  return `say what it may do, with ${choice.join(" or ")}`;
}

function grantProblems({ block, component, right, resource, keys, operations }: Grant): readonly string[] {
  const wrong = componentName.pattern.test(component) ? [] : [cannotName("component", component)];
  if (right === "publish" && resource !== undefined && !componentName.pattern.test(resource))
    wrong.push(cannotName("topic", resource));
  if (block === "secretstores" && resource === "") wrong.push("a secret has a name, and this one's is empty");
  if (keys && (keys.length === 0 || keys.some((key) => typeof key !== "string" || key === "")))
    wrong.push('a configuration names its keys, as configuration(["flag"])');
  if (right === "output" && !operations?.length)
    wrong.push(`\`.output()\` of ${quoted(component)} names no operation: write \`.output("create")\`, or others`);
  return wrong;
}

function triggerProblems(on: TriggerSpec): readonly string[] {
  switch (on.kind) {
    case "http":
      return [...accessProblems(on.access), ...corsProblems(on.cors)];
    case "topic": {
      const wrong = componentName.pattern.test(on.topic) ? [] : [cannotName("topic", on.topic)];
      if (!componentName.pattern.test(on.pubsub)) wrong.push(cannotName("component", on.pubsub));
      return [...wrong, ...attemptProblems(on.attempts)];
    }
    case "binding": {
      const wrong = componentName.pattern.test(on.binding) ? [] : [cannotName("component", on.binding)];
      return [...wrong, ...attemptProblems(on.attempts)];
    }
    case "native":
      return [];
    case "schedule": {
      const wrong = cronProblem(on.cron, on.timeZone);
      return wrong === undefined ? [] : [wrong];
    }
  }
}

function attemptProblems(attempts: number): readonly string[] {
  const whole = Number.isInteger(attempts) && attempts >= 1 && attempts <= 100;
  return whole ? [] : [`${attempts} attempts cannot be: a whole number from 1 to 100`];
}

/** Which of AWS's events are made of what. */
const madeOf: Readonly<Record<TriggerSpec["kind"], readonly string[]>> = {
  http: ["apigw.v1", "apigw.v2", "alb", "alb.multi", "url"],
  topic: ["sqs", "sns", "eventbridge"],
  binding: ["s3", "sqs", "sns", "eventbridge"],
  schedule: ["scheduled"],
  native: [],
};

function lambdaProblems({ on, lambda }: Definition): readonly string[] {
  if (!lambda) return [];
  const { handler, event } = lambda;
  const wrong =
    typeof handler === "function"
      ? []
      : [
          `\`lambda\` is given ${handler === null ? "null" : `a handler of type ${typeof handler}`}, and wants a function: is it exported under that name?`,
        ];
  if (on.kind === "native" || madeOf[on.kind].includes(event)) return wrong;
  const can = `: choose one of ${madeOf[on.kind].map(quoted).join(", ")}`;
  const known = Object.values(madeOf).flat().includes(event);
  const what = known
    ? `${quoted(event)} events are not made of ${on.kind} triggers`
    : `there is no event ${quoted(event)}`;
  return [...wrong, what + can];
}

function corsProblems(cors: Cors | undefined): readonly string[] {
  if (cors && !Array.isArray(cors.origins)) return ['`cors`: `origins` is a list, such as ["https://shop.example"]'];
  if (!cors?.credentials || !cors.origins.includes("*")) return [];
  return ['`cors`: browsers take no credentials where `origins` hold "*": name the origins'];
}

const accessWords = ["public", "service"];

/** Its type says so too, but nothing checks types on the way to a bundle. */
function accessProblems(access: unknown): readonly string[] {
  if (access === undefined) return [];
  if (typeof access === "string") {
    if (accessWords.includes(access)) return [];
    const hint =
      nearest(access, accessWords) === undefined
        ? ' Write "public", "service" or jwt({ … }).'
        : suggest(access, accessWords);
    return [`there is no access ${quoted(access)}.${hint}`];
  }
  const { issuer, audience } = access as { readonly issuer?: unknown; readonly audience?: unknown };
  const lacking = Object.entries({ issuer, audience }).filter(([, value]) => typeof value !== "string" || value === "");
  return lacking.map(([name]) => `\`access\` lacks its \`${name}\`: write jwt({ issuer: "https://…", audience: "…" })`);
}

function cannotName(what: string, name: unknown): string {
  return `${quoted(String(name))} cannot name a ${what}: ${componentName.rule}`;
}
