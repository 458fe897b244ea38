// `sls package` and `deploy` on AWS: our bundles as the framework's artefacts, our resources in its template.
import { createHash } from "node:crypto";
import { globSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { archivesOf, type Made, make } from "../build/build.ts";
import { emitStack } from "../build/stack.ts";
import { zip } from "../build/zip.ts";
import { FaastenError } from "../errors.ts";
import { Problems } from "../manifest/problems.ts";
import { physicalName } from "../runtime/names.ts";
import type { Aws, Options, Serverless, ServiceFunction, Template } from "./framework.ts";
import { merge } from "./merge.ts";

export interface Packaging {
  /** Before the framework would zip the folder. */
  pack(): Promise<void>;
  /** Once the framework has its own resources. */
  mergeStack(): Promise<void>;
}

export function createPackaging(serverless: Serverless, aws: Aws, options: Options): Packaging {
  let packed: { readonly made: Made; readonly archives: ReadonlyMap<string, Uint8Array> } | undefined;
  const { serviceDir: folder, service } = serverless;

  return {
    async pack() {
      const problems = new Problems(folder);
      const framework = { configuration: serverless.configurationInput, runtime: aws.getRuntime() };
      const made = await make({ folder, target: "aws", stage: aws.getStage(), framework }, problems);
      problems.throwIfAny();
      const own = new Map(made.app.section.functions.map(({ name, key }) => [name, key]));
      const archives = archivesOf(made.bundles);
      for (const [name, archive] of archives) {
        const key = own.get(name);
        if (key === undefined)
          service.functions[name] = portable(
            physicalName(made.graph.service, aws.getStage(), name),
            save(name, archive),
          );
        else give(service.functions[key], key, made.bundles.get(name)?.files);
      }
      packed = { made, archives: new Map([...archives].filter(([name]) => !own.has(name))) };
      if (options.function !== undefined && packed.archives.has(options.function)) {
        const message = `${options.function} has settings of its own that \`deploy function\` would not keep: use \`deploy\``;
        throw new FaastenError("UNSUPPORTED", message);
      }
    },

    async mergeStack() {
      const template = service.provider.compiledCloudFormationTemplate;
      if (!packed || !template || packed.archives.size === 0) return;
      const { made, archives } = packed;
      const { app, provider, graph } = made;
      if (!app.manifest) return;
      const ours = {
        ...graph,
        deployables: graph.deployables.filter(({ name }) => archives.has(name)),
        functions: graph.functions.filter(({ section }) => !section),
      };
      const stack = await emitStack({ provider, manifest: app.manifest, graph: ours, archives });
      const code = new Map(
        [...archives].map(([name, archive]) => [
          `${graph.service}/${app.manifest?.stage}/${name}-${hashOf(archive)}.zip`,
          takeCode(template, aws.naming.getLambdaLogicalId(name)),
        ]),
      );
      const environment = Object.fromEntries(
        Object.entries(service.provider.environment ?? {}).filter(([, value]) => typeof value === "object"),
      );
      const cors = ours.functions.some(({ on }) => on.kind === "http" && on.cors !== undefined);
      merge(template, JSON.parse(stack?.files["template.json"] ?? "{}") as Template, { code, environment, cors });
    },
  };

  function give(
    one: ServiceFunction | undefined,
    key: string,
    files: ReadonlyMap<string, Uint8Array> | undefined,
  ): void {
    if (!one || !files) return;
    const patterns = [...(service.package?.patterns ?? []), ...(one.package?.patterns ?? [])];
    const bundle = [...files].filter(([name]) => !name.endsWith(".map"));
    const archive = zip(Object.fromEntries([...filesOf(folder, patterns), ...bundle]));
    one.handler = "index.handler";
    one.package = { individually: true, artifact: save(key, archive) };
  }

  function save(name: string, archive: Uint8Array): string {
    const file = join(folder, ".serverless", aws.naming.getFunctionArtifactName(name));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, archive);
    return file;
  }
}

/** The framework uploads its artefact, and knows its name; its resource is replaced. */
function portable(name: string, artifact: string): ServiceFunction {
  return {
    handler: "index.handler",
    name,
    events: [],
    versionFunction: false,
    package: { individually: true, artifact },
  };
}

/** Where the framework will have put the archive of a function, whose own resource is taken away. */
function takeCode({ Resources }: Template, logicalId: string): unknown {
  const code = Resources[logicalId]?.Properties?.["Code"];
  delete Resources[logicalId];
  return code;
}

/** What a handler reads from its own folder: later patterns win, as the framework has it. */
function filesOf(folder: string, patterns: readonly string[]): readonly (readonly [string, Uint8Array])[] {
  const chosen = new Set<string>();
  for (const pattern of patterns) {
    const names = globSync(pattern.replace(/^!/, ""), { cwd: folder });
    for (const name of names) pattern.startsWith("!") ? chosen.delete(name) : chosen.add(name);
  }
  return [...chosen]
    .filter((name) => statSync(join(folder, name)).isFile())
    .map((name) => [name.replaceAll("\\", "/"), readFileSync(join(folder, name))]);
}

function hashOf(archive: Uint8Array): string {
  return createHash("sha256").update(archive).digest("hex");
}
