// What is left of a configuration once its app is removed: what holds data, under the same addresses and in the same state, so that the next deployment has it again.

type Body = Readonly<Record<string, unknown>>;

export interface Configuration {
  readonly resource?: Readonly<Record<string, Readonly<Record<string, Body>>>>;
  readonly data?: unknown;
  readonly output?: unknown;
  readonly [section: string]: unknown;
}

/** `undefined`: nothing is. What of such a resource leads to what goes, such as whom a subscription calls, goes too. */
export function remainderOf(configuration: Configuration, kept: ReadonlySet<string>): Configuration | undefined {
  const { resource = {}, data, output: _, ...others } = configuration;
  const stays = new Set(kept);
  // APIs that are turned on stay so.
  for (const label of Object.keys(resource[api] ?? {})) stays.add(`${api}.${label}`);
  const left = Object.entries(resource).flatMap(([type, bodies]) => {
    const own = Object.entries(bodies).filter(([label]) => stays.has(`${type}.${label}`));
    return own.length === 0
      ? []
      : [[type, Object.fromEntries(own.map(([label, body]) => [label, within(body, stays)]))]];
  });
  if (kept.size === 0) return undefined;
  const used = JSON.stringify(left).includes("${data.") && data !== undefined;
  return { ...others, ...(used && { data }), resource: Object.fromEntries(left) };
}

const api = "google_project_service";

function within(body: Body, stays: ReadonlySet<string>): Body {
  return Object.fromEntries(
    Object.entries(body).flatMap(([key, value]): (readonly [string, unknown])[] => {
      if (key === "depends_on" && Array.isArray(value)) return [[key, value.filter((one) => stays.has(String(one)))]];
      return [...addressesIn(value)].every((one) => stays.has(one)) ? [[key, value]] : [];
    }),
  );
}

function* addressesIn(value: unknown): Generator<string> {
  if (typeof value === "string") {
    for (const [, code = ""] of value.matchAll(/(?<!\$)\$\{([^}]*)\}/g))
      for (const [address] of code.matchAll(/(?<![.\w])google_\w+\.\w+/g)) yield address;
  } else for (const inner of Object.values(Object(value))) yield* addressesIn(inner);
}
