// What ties each function of an app to one cloud: in the user's own code, and in the packages that it imports.
import type { Plugin } from "esbuild";
import type { TriggerSpec } from "../contracts/trigger.ts";
import type { Place, Problems } from "../manifest/problems.ts";
import { report } from "./compile-errors.ts";
import { contextTie, fieldTie, isBridged, readsOf } from "./event-fields.ts";
import type { Found } from "./found.ts";
import { type Linked, link, linkAll, own } from "./linked.ts";
import { type AnyNode, namesIn, nodesOf, textOf } from "./nodes.ts";
import { importsOf, lineOfPackage, type Packages, packageName, packageOf, packagesIn } from "./package-ties.ts";
import { libraryTie, serviceTie, type Tie, textTie, variableTie } from "./ties.ts";

/** "bridged": as it is, with the event of AWS that it expects made of what comes. */
export type Verdict = "portable" | "bridged" | "bound";

export interface Reason extends Tie {
  /** Relative to the app's folder. */
  readonly file: string;
  readonly line: number;
}

export interface Portability {
  readonly function: string;
  readonly verdict: Verdict;
  readonly reasons: readonly Reason[];
}

export interface PortabilityOptions {
  readonly folder: string;
  readonly found: readonly Found[];
  /** What triggers it on a cloud that does not hand it AWS's events as they are. */
  readonly triggerOf: (one: Found) => TriggerSpec;
  /** The file that exports a function. */
  readonly fileOf: (functionName: string) => string;
  /** Variables that the app sets itself, whatever they are called. */
  readonly variables: ReadonlySet<string>;
  /** How the app's own modules come into a bundle. */
  readonly plugins: readonly Plugin[];
}

/** What each function reaches is looked at by itself: its neighbours' code counts only where it uses that. */
export async function portabilityOf(
  { folder, found, triggerOf, fileOf, variables, plugins }: PortabilityOptions,
  problems: Problems,
): Promise<readonly Portability[]> {
  const packages = await packagesOf(
    { folder, files: new Set(found.map(({ name }) => fileOf(name))), plugins },
    problems,
  );
  if (!packages) return [];
  return Promise.all(
    found.map(async (one): Promise<Portability> => {
      const { name, exported, definition } = one;
      try {
        const linked = await link({ folder, file: fileOf(name), exported, plugins, packages });
        const ties = [
          ...triggerTies(one, triggerOf(one)),
          ...handlerTies(linked, one),
          ...(await codeTies(linked, folder, variables)),
        ];
        const reasons = inOrder(ties, problems);
        const free = definition.lambda ? "bridged" : "portable";
        return { function: name, verdict: reasons.length > 0 ? "bound" : free, reasons };
      } catch (error) {
        report(error, folder, problems);
        return { function: name, verdict: "bound", reasons: [] };
      }
    }),
  );
}

async function packagesOf(
  { folder, files, plugins }: { folder: string; files: ReadonlySet<string>; plugins: readonly Plugin[] },
  problems: Problems,
): Promise<Packages | undefined> {
  try {
    return packagesIn(await linkAll({ folder, files, plugins }), folder);
  } catch (error) {
    report(error, folder, problems);
    return undefined;
  }
}

interface Placed {
  readonly tie: Tie;
  readonly place: Place;
}

function triggerTies(one: Found, on: TriggerSpec): readonly Placed[] {
  const { lambda } = one.definition;
  const event = on.kind === "native" ? on.event : lambda && !isBridged(lambda.event) ? lambda.event : undefined;
  if (event === undefined) return [];
  const tie: Tie = { kind: "trigger", what: `takes ${event} events, which only AWS has`, mend: "use topic(name)" };
  return [{ tie, place: one }];
}

/** Of what its handler reads of its arguments. */
function handlerTies({ syntax, placeOf }: Linked, one: Found): readonly Placed[] {
  const declared = syntax.exported(own);
  const calls = declared ? nodesOf(declared).filter((node) => node.type === "CallExpression") : [];
  const { lambda } = one.definition;
  const read = (nodes: readonly AnyNode[], index: number, tieOf: (path: readonly string[]) => Tie | undefined) =>
    nodes
      .flatMap((node) => syntax.functionsOf(node))
      .flatMap((handler) => readsOf(syntax, handler, index))
      .flatMap(({ path, node }) => placed(tieOf(path), placeOf(node)));
  if (!lambda) return read(calls[0]?.arguments ?? [], 1, (path) => (path[0] === "native" ? nativeCall : undefined));
  const wrapping = calls.find(({ callee }) => syntax.originOf(callee)?.path[0] === "lambda") ?? calls[0];
  const handler = wrapping?.arguments[0];
  if (!handler || !isBridged(lambda.event)) return [];
  return [...read([handler], 0, (path) => fieldTie(lambda.event, path)), ...read([handler], 1, contextTie)];
}

const nativeCall: Tie = { kind: "escape", what: "reads context.native", mend: "use the handler's own arguments" };

async function codeTies(linked: Linked, folder: string, variables: ReadonlySet<string>): Promise<readonly Placed[]> {
  const found: Placed[] = [];
  const packages = new Map<string, Tie>();
  for (const top of linked.live) {
    for (const node of nodesOf(top)) {
      const ties = [...importTies(linked, node), ...ownTies(linked, node, variables)];
      if (ties.length === 0) continue;
      const place = linked.placeOf(node);
      const library = place && packageOf(place.file);
      if (place && !library) {
        for (const tie of ties) if (!(await isLeftover(node, place))) found.push({ tie, place });
      } else if (library) {
        // Of a package, only what it imports counts: it may well look about itself to see where it runs.
        const tie = ties.find(({ kind }) => kind === "library" || kind === "native");
        if (tie && !isOptional(top, node) && !isBare(node))
          packages.set(library.name, { ...tie, what: `${library.name} ${tie.what}` });
      }
    }
  }
  for (const [name, tie] of packages) {
    const place = await lineOfPackage(linked.metafile, folder, name);
    if (place) found.push({ tie, place });
  }
  return found;
}

function importTies({ syntax, packages: { native } }: Linked, node: AnyNode): readonly Tie[] {
  const specifier = node.type === "ImportDeclaration" ? textOf(node.source) : syntax.requiredBy(node);
  if (specifier === undefined) return [];
  if (specifier.endsWith(".node")) return [addon(`loads ${specifier}`)];
  if (native.has(packageName(specifier))) return [addon(`imports ${packageName(specifier)}, a native module`)];
  const tie = libraryTie(specifier);
  return tie ? [tie] : [];
}

/** What the node itself says. */
function ownTies({ syntax }: Linked, node: AnyNode, variables: ReadonlySet<string>): readonly Tie[] {
  if (node.type === "Literal" || node.type === "TemplateLiteral") {
    const tie = textTie(textOf(node) ?? "");
    return tie ? [tie] : [];
  }
  const nodes =
    node.type === "VariableDeclarator" && node.id.type === "ObjectPattern"
      ? namesIn(node.id).map((name) => name.node)
      : [node];
  return nodes.flatMap((one) => {
    if (one.type !== "MemberExpression" && (one === node || one.type !== "Identifier")) return [];
    const { root, path } = syntax.originOf(one) ?? { root: undefined, path: [] };
    if (typeof root !== "string") return [];
    const [service = ""] = path[0] === "default" ? path.slice(1) : path;
    if (/^module aws-sdk$/.test(root) && /^[A-Z]/.test(service)) return [serviceTie("aws-sdk", service)];
    const variable = variableOf(root, path);
    const tie = variable === undefined || variables.has(variable) ? undefined : variableTie(variable);
    return tie ? [tie] : [];
  });
}

/** `process.env.X`, of the global or of Node's module. */
function variableOf(root: string, path: readonly string[]): string | undefined {
  const [first, second, third] = path[0] === "default" ? path.slice(1) : path;
  if (root === "global") return first === "process" && second === "env" && path.length === 3 ? third : undefined;
  return /^module (?:node:)?process$/.test(root) && first === "env" && third === undefined ? second : undefined;
}

function addon(what: string): Tie {
  return { kind: "native", what, mend: "use WebAssembly or JavaScript: this is compiled for one platform" };
}

/** What is asked for where its absence is borne. */
function isOptional(top: AnyNode, node: AnyNode): boolean {
  return nodesOf(top).some(
    (one) => one.type === "TryStatement" && one.block.start <= node.start && node.end <= one.block.end,
  );
}

function isBare(node: AnyNode): boolean {
  return node.type === "ImportDeclaration" && node.specifiers.length === 0;
}

/** `import "x"` that nobody wrote: the bundler leaves it of an import whose names it dropped. */
async function isLeftover(node: AnyNode, { file }: Place): Promise<boolean> {
  if (node.type !== "ImportDeclaration" || !isBare(node)) return false;
  const imports = await importsOf(file);
  return !imports.some(({ specifier, bare }) => bare && specifier === node.source.value);
}

function placed(tie: Tie | undefined, place: Place | undefined): readonly Placed[] {
  return tie && place ? [{ tie, place }] : [];
}

/** By file and line, each once. */
function inOrder(found: readonly Placed[], problems: Problems): readonly Reason[] {
  const reasons = found.map(({ tie, place }) => ({ ...tie, file: problems.relative(place.file), line: place.line }));
  const once = new Map(reasons.map((reason) => [`${reason.file}\n${reason.line}\n${reason.what}`, reason]));
  return [...once.values()].sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
}
