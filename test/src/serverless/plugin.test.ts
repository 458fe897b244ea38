// The plugin before the framework runs anything: which framework it takes, which commands and hooks it brings.
import { expect, test } from "vitest";
import { type Aws, awsOf, type Options, type Serverless } from "../../../src/serverless/framework.ts";
import { FaastenPlugin } from "../../../src/serverless/plugin.ts";

class Told extends Error {
  readonly code: string;
  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

const v3: Aws = {
  naming: { getLambdaLogicalId: (name) => name, getFunctionArtifactName: (name) => `${name}.zip` },
  getStage: () => "dev",
  getRuntime: () => "nodejs22.x",
};
const osls: Aws = { ...v3, getAwsSdkV3Config: () => undefined };

interface Given {
  readonly version?: string;
  readonly aws?: Aws | undefined;
  readonly plugins?: Serverless["service"]["plugins"];
}

function framework({ version = "3.40.0", plugins = ["faasten/serverless"], ...rest }: Given = {}): Serverless & {
  readonly spawned: string[];
} {
  const spawned: string[] = [];
  return {
    spawned,
    version,
    serviceDir: "/nowhere",
    configurationInput: {},
    service: { service: "shop", plugins, functions: {}, provider: {} },
    classes: { Error: Told },
    getProvider: () => ("aws" in rest ? rest.aws : v3),
    pluginManager: {
      hooks: { "before:deploy:deploy": [{ pluginName: "Deploy", hook: async () => {} }] },
      spawn: async (command, options) => void spawned.push(`${command} ${options?.terminateLifecycleAfterExecution}`),
    },
  };
}

test.each([
  ["3.40.0", v3],
  ["3.40.1", v3],
  ["4.3.1", osls],
])("runs under %s", (version, aws) => expect(awsOf(framework({ version, aws }))).toBe(aws));

test.each([
  ["3.39.0", v3, "this is 3.39.0: install"],
  ["2.72.4", v3, "this is 2.72.4: install"],
  ["4.43.0", v3, "this is 4.43.0, whose binary is not to be had without a login: install the open successor"],
  ["5.0.0", osls, "this is 5.0.0, whose binary"],
])("does not run under %s, and says what to install", (version, aws, why) => {
  try {
    new FaastenPlugin(framework({ version, aws }), {});
  } catch (error) {
    expect(error).toBeInstanceOf(Told); // the framework shows a stack for any other
    expect(error).toMatchObject({ code: "FAASTEN_UNSUPPORTED", message: expect.stringContaining(why) });
    expect(String(error)).toContain("serverless@npm:osls@4");
    return;
  }
  expect.unreachable();
});

test("wants Node 22.18, and AWS as the provider", () => {
  expect(() => awsOf(framework(), "22.17.9")).toThrow("Node 22.18 or newer, and the framework runs on v22.17.9");
  expect(() => awsOf(framework({ aws: undefined }))).toThrow("choose another cloud with `--target");
});

const commandsOf = (plugins: Serverless["service"]["plugins"]): string[] =>
  Object.keys(new FaastenPlugin(framework({ plugins }), {}).commands);

test("leaves `offline` to serverless-offline where that is listed, and hooks into it", () => {
  expect(commandsOf(["faasten/serverless"])).toContain("offline");
  expect(commandsOf(["faasten/serverless", "serverless-offline"])).not.toContain("offline");
  expect(commandsOf({ modules: ["serverless-offline"] })).not.toContain("offline");
  const hooks = (plugins: readonly string[]): string[] =>
    Object.keys(new FaastenPlugin(framework({ plugins }), {}).hooks).filter((name) => name.includes("offline"));
  expect(hooks([])).toEqual(["offline:start", "offline:start:init"]);
  expect(hooks(["serverless-offline"])).toEqual(["before:offline:start", "before:offline:start:init"]);
});

test("another target leaves the framework's lifecycle before it begins; AWS does not", async () => {
  const run = async (options: Options): Promise<readonly string[]> => {
    const given = framework();
    new FaastenPlugin(given, options);
    for (const event of ["before:package:cleanup", "before:deploy:deploy", "before:remove:remove"])
      await given.pluginManager.hooks[event]?.[0]?.hook();
    return given.spawned;
  };
  expect(await run({})).toEqual([]);
  expect(await run({ target: "aws" })).toEqual([]);
  expect(await run({ target: "gcp" })).toEqual(["faasten:package true", "faasten:deploy true", "faasten:remove true"]);
});
