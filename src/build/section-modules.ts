// The `functions:` of a serverless.yml as modules that export functions, one module a handler; and as the build knows them.
import type { Plugin } from "esbuild";
import type { Definition } from "../contracts/function.ts";
import type { Provider } from "../contracts/provider.ts";
import type { TriggerSpec } from "../contracts/trigger.ts";
import { notHere } from "../errors.ts";
import type { SectionEvent, SectionFunction } from "../manifest/functions-section.ts";
import type { Handler } from "../manifest/handler-file.ts";
import type { Place } from "../manifest/problems.ts";
import type { EventFilter } from "../manifest/section-reader.ts";
import type { EntryModule } from "./discover.ts";
import { isHanded } from "./handed.ts";

/** A module that is nowhere on disk. */
export interface SectionModule {
  /** How others import it. */
  readonly specifier: string;
  readonly source: string;
  readonly handler: Handler;
  /** Export → where its event is written. */
  readonly places: Readonly<Record<string, Place>>;
}

const scheme = "faasten-section:";

/** Nobody's code ran at the build: what its handler is like is known when it is loaded. */
export function isSectionModule(specifier: string): boolean {
  return specifier.startsWith(scheme);
}

interface Host extends Partial<Pick<Provider, "name" | "lambda" | "native">> {
  /** Where another process runs a handler: the address that takes its events. */
  readonly invoke?: (one: SectionFunction) => string;
}

/** Handlers that have an event to serve; `host`: what runs them as they are, and does around them what it is told. */
export function modulesOf(functions: readonly SectionFunction[], host: Host): readonly SectionModule[] {
  return functions
    .filter(({ events }) => events.length > 0)
    .map((one) => ({
      specifier: `${scheme}${one.name}`,
      source: sourceOf(one, host),
      handler: one.handler,
      places: Object.fromEntries(one.events.map(({ name, file, line, column = 1 }) => [name, { file, line, column }])),
    }));
}

/** What the modules export, told without running anybody's code. */
export function declaredBy(functions: readonly SectionFunction[], host: Host): readonly EntryModule[] {
  return functions
    .filter(({ events }) => events.length > 0)
    .map(({ name, timeout, events }) => ({
      file: `${scheme}${name}`,
      exports: Object.fromEntries(events.map((event) => [event.name, declare(event, timeout, host)])),
    }));
}

/** Where what a module exports is written; `undefined`: it is none of these. */
export function placeIn(
  modules: readonly Pick<SectionModule, "specifier" | "places">[],
  exported: string,
  entry: string,
): Place | undefined {
  const found = modules.find(({ specifier }) => specifier === entry)?.places;
  return found && Object.hasOwn(found, exported) ? found[exported] : undefined;
}

/** Lets a bundle import them, and nothing else of that scheme. */
export function sectionPlugin(modules: readonly SectionModule[], folder: string): Plugin {
  const sources = new Map(modules.map(({ specifier, source }) => [specifier, source]));
  return {
    name: "section-modules",
    setup(build) {
      build.onResolve({ filter: new RegExp(`^${scheme}`) }, ({ path }) => ({
        path,
        namespace: "faasten-section",
        sideEffects: false,
      }));
      build.onLoad({ filter: /.*/, namespace: "faasten-section" }, ({ path }) => ({
        contents: sources.get(path) ?? "",
        resolveDir: folder,
        loader: "js",
      }));
    },
  };
}

function declare({ name, on, event, below }: SectionEvent, timeout: number | undefined, host: Host): Definition {
  // A Function URL is an origin of its own.
  const own = host.lambda?.includes("url") ? { isolate: true as const } : {};
  if (isNative(on, event, host))
    return handed(name, { kind: "native", provider: host.name ?? "", event }, timeout, event);
  const answered = below !== undefined && on.kind === "http" ? { ...on, path: `${below}${on.path}`, ...own } : on;
  return handed(
    name,
    event === "sqs" && answered.kind === "topic" ? { ...answered, many: true } : answered,
    timeout,
    event,
  );
}

/** Whose token the runtime checks, or a page of another origin, it has to answer first. */
function isNative(on: TriggerSpec, event: SectionEvent["event"], { native = [] }: Host): boolean {
  return (
    native.some((one) => one === event) && (on.kind !== "http" || (on.access === "public" && on.cors === undefined))
  );
}

function handed(name: string, on: TriggerSpec, timeout: number | undefined, event: SectionEvent["event"]): Definition {
  return {
    faasten: "function",
    name,
    on,
    uses: {},
    ...(timeout !== undefined && { timeout: timeout * 1000 }),
    lambda: { handler: notHere, event },
    settle: notHere,
    fail: notHere,
  };
}

function sourceOf(one: SectionFunction, host: Host): string {
  const { handler, events, timeout } = one;
  const lines = events.map((event, index) => {
    const made = isHanded(declare(event, timeout, host), host) ? handedOver(event) : definitionOf(event, timeout);
    // A function may be named as anything is, `delete` and `lambda` too.
    return `const $${index} = /* @__PURE__ */ (() => (${made}))();\nexport { $${index} as ${event.name} };`;
  });
  const body = lines.join("\n");
  const used = (names: readonly string[]): string =>
    names.flatMap((name) => (body.includes(`$${name}(`) ? `${name} as $${name}` : [])).join(", ");
  return [
    `import { ${used(["lambda", "jwt"])} } from "faasten";`,
    `import { ${used(["filtered", "byBody", "byBus", "byObject", "withInput", "below", "limited"])} } from "faasten/section";`,
    ...(host.invoke
      ? [
          `import { invoked as $invoked } from "faasten/section";`,
          `const $handler = /* @__PURE__ */ $invoked(${JSON.stringify(host.invoke(one))});`,
        ]
      : [
          `import * as $module from ${JSON.stringify(handler.file)};`,
          `const $handler = ${access("$module", handler.exported)};`,
        ]),
    body,
    "",
  ].join("\n");
}

function handedOver({ input }: SectionEvent): string {
  return `{ lambda: { handler: ${handlerOf(input)} } }`;
}

function handlerOf(input: SectionEvent["input"]): string {
  return input ? `$withInput($handler, ${JSON.stringify(input.value)})` : "$handler";
}

function definitionOf({ name, on, event, filter, input, below }: SectionEvent, timeout: number | undefined): string {
  const trigger =
    on.kind === "http" && typeof on.access === "object"
      ? `{ ...${JSON.stringify({ ...on, access: undefined })}, access: $jwt(${JSON.stringify(on.access)}) }`
      : JSON.stringify(on);
  let made = `$lambda(${handlerOf(input)}, { name: ${JSON.stringify(name)}, on: ${trigger}, event: ${JSON.stringify(event)} })`;
  if (filter) made = `$filtered(${made}, ${passes(filter)})`;
  if (below !== undefined) made = `$below(${JSON.stringify(below)}, ${made})`;
  if (timeout !== undefined) made = `$limited(${made}, ${timeout * 1000})`;
  return made;
}

function passes(filter: EventFilter): string {
  if (filter.kind === "body") return `$byBody(${JSON.stringify(filter.patterns)})`;
  if (filter.kind === "bus") return `$byBus(${JSON.stringify(filter.patterns)})`;
  const { change, prefix = "", suffix = "" } = filter;
  return `$byObject(${[change, prefix, suffix].map((text) => JSON.stringify(text)).join(", ")})`;
}

/** CommonJS lies under `default` where it was not seen through, and is `undefined` where there is no such export. */
function access(module: string, path: readonly string[]): string {
  const inside = path.map((name) => `?.[${JSON.stringify(name)}]`).join("");
  return `${module}${inside} ?? ${module}.default${inside}`;
}
