// `functions:` of a serverless.yml where the Serverless Framework deploys them: the handlers alone, for all else is its own.
import { dirname, join } from "node:path";
import { entriesOf, type Section, type SectionFunction, toName } from "./functions-section.ts";
import { findHandler } from "./handler-file.ts";
import type { Manifest } from "./manifest.ts";
import type { MapNode } from "./nodes.ts";
import { type Problems, quoted } from "./problems.ts";
import { asMap, record } from "./shape.ts";
import { at } from "./variables.ts";

/** What has its own artefact, image or language is left to the framework as it is. */
export function readHandlers(manifest: Manifest, folder: string, problems: Problems): Section {
  const functions: SectionFunction[] = [];
  const folders = new Set<string>();
  for (const [key, node] of entriesOf(manifest, problems)) {
    const map = asMap(manifest.resolve(node), problems);
    const written = at(map, "handler", manifest);
    if (!map || !written || !isBundled(map, manifest, problems)) continue;
    const handler = findHandler(folder, written, problems);
    if (written.kind === "scalar") folders.add(dirname(join(folder, written.text)));
    if (!handler) continue;
    const { file, line, column } = map;
    const name = toName(key);
    const on = { kind: "native", provider: "aws", event: "invoke" } as const;
    const event = { name, kind: "invoke", on, event: "invoke", settings: {}, file, line, column } as const;
    functions.push({
      name,
      key,
      handler,
      environment: record([]),
      made: record([]),
      events: [event],
      file,
      line,
      column,
    });
  }
  return { functions, folders: [...folders], notes: [] };
}

function isBundled(map: MapNode, manifest: Manifest, problems: Problems): boolean {
  const packaging = asMap(at(map, "package", manifest), problems);
  if (at(map, "image", manifest) || at(packaging, "artifact", manifest) || at(packaging, "disable", manifest))
    return false;
  const node = at(map, "runtime", manifest);
  const runtime = (node?.kind === "scalar" ? node.text : manifest.provider.runtime) ?? "nodejs22.x";
  const version = /^nodejs(\d+)/.exec(runtime)?.[1];
  if (version === undefined) return false;
  if (Number(version) >= oldest) return true;
  const message = `${quoted(map.path)} runs on ${quoted(runtime)}, and Faasten's bundles need Node.js ${oldest} or newer: write \`runtime: nodejs22.x\`.`;
  problems.add("UNSUPPORTED", node ?? map, message);
  return false;
}

/** It has `process.getBuiltinModule` and `import.meta.dirname`. */
const oldest = 20;
