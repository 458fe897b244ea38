// One function with all that it reaches, as one program, and where in the app each part of it was written.
import { SourceMap } from "node:module";
import { join, sep } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";
import type { Place } from "../manifest/problems.ts";
import { bundling } from "./bundling.ts";
import { type AnyNode, childrenOf, keyOf, namesIn } from "./nodes.ts";
import { isFile, type Packages, packageName } from "./package-ties.ts";
import { isSpace, readSyntax, type Syntax } from "./syntax.ts";
import { libraryTie } from "./ties.ts";

export interface Linked {
  readonly syntax: Syntax;
  /** The top-level statements that the function reaches, and those that run whenever its module does. */
  readonly live: readonly AnyNode[];
  readonly metafile: Metafile;
  readonly packages: Packages;
  /** `undefined`: in no file, but made by a build. */
  placeOf(node: AnyNode): Place | undefined;
}

export interface LinkOptions {
  readonly folder: string;
  readonly file: string;
  readonly exported: string;
  /** How the app's own modules come in. */
  readonly plugins: readonly Plugin[];
  readonly packages: Packages;
}

/** What the function is exported as here. */
export const own = "it";

/** Rejects with what the bundler says. */
export async function link({ folder, file, exported, plugins, packages }: LinkOptions): Promise<Linked> {
  const { outputFiles, metafile } = await build({
    ...common(folder, `export { ${exported} as ${own} } from ${JSON.stringify(file)};`),
    outfile: join(folder, "index.mjs"),
    sourcemap: "external",
    sourcesContent: false,
    plugins: [namedOnly(packages), ...plugins],
  });
  const [map = "", code = ""] = [/\.map$/, /\.mjs$/].map(
    (ending) => outputFiles.find(({ path }) => ending.test(path))?.text,
  );
  const syntax = readSyntax(code);
  const sources = new SourceMap(JSON.parse(map));
  return {
    syntax,
    live: liveOf(syntax),
    metafile,
    packages,
    placeOf({ loc }) {
      if (!loc) return undefined;
      const entry = sources.findEntry(loc.start.line - 1, loc.start.column);
      if (!("originalSource" in entry) || !isFile(entry.originalSource)) return undefined;
      return { file: join(folder, entry.originalSource.split("/").join(sep)), line: entry.originalLine + 1 };
    },
  };
}

/** All that the files reach, in whichever of their functions. */
export async function linkAll({
  folder,
  files,
  plugins,
}: Pick<LinkOptions, "folder" | "plugins"> & { readonly files: ReadonlySet<string> }): Promise<Metafile> {
  const lines = [...files].map((file, index) => `export * as m${index} from ${JSON.stringify(file)};`);
  const nothing = { native: new Set<string>(), free: new Set<string>() };
  const { metafile } = await build({ ...common(folder, lines.join("\n")), plugins: [namedOnly(nothing), ...plugins] });
  return metafile;
}

function common(folder: string, contents: string) {
  return {
    ...bundling,
    stdin: { contents, resolveDir: folder, sourcefile: "faasten-entry.js", loader: "js" },
    write: false,
    metafile: true,
    absWorkingDir: folder,
  } as const;
}

/** A library of a cloud need not be installed: it is named, not read. What leads to none need not be read either. */
function namedOnly({ native, free }: Packages): Plugin {
  return {
    name: "named-only",
    setup(build) {
      build.onResolve({ filter: /^faasten(?:\/|$)|\.node$/ }, ({ path }) => ({ path, external: true }));
      build.onResolve({ filter: /^[^./]/ }, ({ path }) => {
        const name = packageName(path);
        return libraryTie(path) || native.has(name) || free.has(name) ? { path, external: true } : undefined;
      });
    },
  };
}

/** A bundler keeps whatever might do something when it is made, such as a client that only a neighbour uses. */
function liveOf({ program, spaceOf }: Syntax): readonly AnyNode[] {
  const parts = program.body.flatMap((statement): readonly Part[] => {
    if (statement.type === "VariableDeclaration")
      return statement.declarations.map((node) => ({ node, names: namesIn(node.id).map(({ name }) => name) }));
    if (statement.type === "ImportDeclaration" && statement.specifiers.length > 0)
      return statement.specifiers.map(({ local }) => ({ node: statement, names: [local.name] }));
    if (statement.type === "FunctionDeclaration" || statement.type === "ClassDeclaration")
      return [{ node: statement, names: [statement.id.name] }];
    return [{ node: statement, names: [] }];
  });
  const byName = new Map(parts.flatMap((part) => part.names.map((name) => [name, part] as const)));
  const live = new Set<AnyNode>();
  const reach = (node: AnyNode): void => {
    if (live.has(node)) return;
    live.add(node);
    // An import refers to nothing; its siblings are reached by their own names.
    if (node.type !== "ImportDeclaration") childrenOf(node).forEach(follow);
  };
  const follow = (node: AnyNode): void => {
    if (node.type === "Identifier") {
      const part = byName.get(node.name);
      if (part) reach(part.node);
      spaceOf(node)?.forEach(follow);
    } else {
      const space = node.type === "MemberExpression" ? spaceOf(node.object) : undefined;
      const key = node.type === "MemberExpression" ? keyOf(node) : "*";
      // Of a module as an object, what is not asked for is not reached.
      if (!space || key === "*") childrenOf(node).forEach(follow);
      else if (space.has(key)) follow(space.get(key) ?? node);
    }
  };
  for (const { node, names } of parts) if (names.length === 0 && !isSpace(node)) reach(node);
  return [...live];
}

interface Part {
  readonly node: AnyNode;
  readonly names: readonly string[];
}
