// The Serverless Framework's plugin, `faasten/serverless`: its commands do for the app what ours do.
import { FaastenError } from "../errors.ts";
import { awsOf, type Hook, lists, type Options, type Serverless } from "./framework.ts";
import type { Packaging } from "./packaging.ts";

/** What the framework makes of the plugin: one a run. */
export class FaastenPlugin {
  readonly commands: Readonly<Record<string, unknown>>;
  readonly hooks: Readonly<Record<string, Hook>>;

  constructor(serverless: Serverless, options: Options) {
    const known = <Result>(work: () => Result): Result => {
      try {
        return work();
      } catch (error) {
        throw told(error, serverless);
      }
    };
    const hook =
      (work: () => Promise<void>): Hook =>
      async () => {
        await work().catch((error: unknown) => {
          throw told(error, serverless);
        });
      };
    const aws = known(() => awsOf(serverless));
    const elsewhere = options.target !== undefined && options.target !== "aws";
    const attached = lists(serverless.service, "serverless-offline");

    let packaging: Packaging | undefined;
    const packagingOf = async (): Promise<Packaging> => {
      const { createPackaging } = await import("./packaging.ts");
      packaging ??= createPackaging(serverless, aws, options);
      return packaging;
    };
    const pack = hook(async () => (await packagingOf()).pack());
    const target = { target: { type: "string", usage: "The cloud: aws, azure or gcp. Default: aws" } };
    const offline = {
      usage: "Serves the app on this machine: HTTP, topics and schedules",
      options: { httpPort: { type: "string", usage: "Where it answers; 0 takes any that is free. Default: 3000" } },
    };
    const run = hook(async () => (await import("./offline.ts")).serve(serverless, aws, options));
    const attach = hook(async () => (await import("./offline.ts")).attach(serverless, aws, options));

    this.commands = {
      package: { lifecycleEvents: [], options: target },
      deploy: { lifecycleEvents: [], options: target },
      remove: { lifecycleEvents: [], options: target },
      faasten: {
        type: "entrypoint",
        commands: Object.fromEntries(Object.values(firsts).map((command) => [command, { lifecycleEvents: ["run"] }])),
      },
      ...(!attached && {
        offline: {
          ...offline,
          lifecycleEvents: ["start"],
          commands: { start: { ...offline, lifecycleEvents: ["init"] } },
        },
      }),
    };
    this.hooks = {
      "before:package:createDeploymentArtifacts": pack,
      "before:package:function:package": pack,
      "after:package:compileEvents": hook(async () => packaging?.mergeStack()),
      ...(attached
        ? { "before:offline:start": attach, "before:offline:start:init": attach }
        : { "offline:start": run, "offline:start:init": run }),
      ...Object.fromEntries(
        Object.values(firsts).map((command) => [
          `faasten:${command}:run`,
          hook(async () => (await import("./hand-over.ts")).handOver(command, serverless.serviceDir, options)),
        ]),
      ),
    };
    if (!elsewhere) return;
    // The framework's own hooks of that event come first otherwise, and package for AWS.
    for (const [event, command] of Object.entries(firsts)) {
      const leave = (): Promise<void> =>
        serverless.pluginManager.spawn(`faasten:${command}`, { terminateLifecycleAfterExecution: true });
      const { hooks } = serverless.pluginManager;
      hooks[event] = [{ pluginName: FaastenPlugin.name, hook: leave }, ...(hooks[event] ?? [])];
    }
  }
}

export { FaastenPlugin as default };

const firsts = {
  "before:package:cleanup": "package",
  "before:deploy:deploy": "deploy",
  "before:remove:remove": "remove",
} as const;

/** The framework shows its own errors without a stack. */
function told(error: unknown, { classes }: Serverless): unknown {
  return error instanceof FaastenError ? new classes.Error(error.message, `FAASTEN_${error.code}`) : error;
}
