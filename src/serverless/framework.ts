// As much of the Serverless Framework as the plugin uses: the same in osls 4 and in version 3.40.
import { FaastenError } from "../errors.ts";

export interface Serverless {
  readonly version: string;
  readonly serviceDir: string;
  /** Relative to `serviceDir`. */
  readonly configurationFilename?: string;
  /** Its variables are filled in. */
  readonly configurationInput: unknown;
  readonly service: Service;
  readonly pluginManager: PluginManager;
  readonly classes: { readonly Error: new (message: string, code: string) => Error };
  getProvider(name: "aws"): Aws | undefined;
}

export interface Service {
  readonly service: string;
  readonly plugins?: readonly string[] | { readonly modules?: readonly string[] };
  readonly functions: Record<string, ServiceFunction>;
  readonly package?: { readonly patterns?: readonly string[] };
  readonly custom?: Readonly<Record<string, unknown>>;
  readonly provider: {
    readonly environment?: Readonly<Record<string, unknown>>;
    readonly compiledCloudFormationTemplate?: Template;
  };
}

export interface ServiceFunction {
  handler?: string;
  name?: string;
  events?: readonly unknown[];
  package?: { readonly patterns?: readonly string[]; readonly artifact?: string; readonly individually?: boolean };
  readonly versionFunction?: boolean;
  readonly runtime?: string;
  readonly timeout?: number;
  readonly environment?: Readonly<Record<string, unknown>>;
}

export interface Template {
  readonly Resources: Record<string, Resource>;
  Outputs?: Record<string, unknown>;
}

export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

export interface PluginManager {
  readonly hooks: Record<string, { readonly pluginName: string; readonly hook: Hook }[]>;
  spawn(command: string, options?: { readonly terminateLifecycleAfterExecution: boolean }): Promise<void>;
}

export type Hook = () => Promise<void>;

export interface Aws {
  readonly naming: { getLambdaLogicalId(name: string): string; getFunctionArtifactName(name: string): string };
  getStage(): string;
  getRuntime(): string;
  getAwsSdkV3Config?(): unknown;
}

export interface Options {
  readonly target?: string;
  readonly stage?: string;
  readonly function?: string;
  readonly httpPort?: string;
  readonly lambdaPort?: string;
  readonly param?: readonly string[];
}

/** Throws where the framework is another than the two that this is made for, or Node.js too old. */
export function awsOf(serverless: Serverless, node: string = process.versions.node): Aws {
  const [major = 0, minor = 0] = node.split(".").map(Number);
  if (major < 22 || (major === 22 && minor < 18))
    throw new FaastenError("UNSUPPORTED", `faasten wants Node 22.18 or newer, and the framework runs on v${node}`);
  const [version = 0, below = 0] = serverless.version.split(".").map(Number);
  const aws = serverless.getProvider("aws");
  const open = version === 3 && below >= 40;
  if (!open && !(version === 4 && aws?.getAwsSdkV3Config)) {
    const login = version >= 4 ? ", whose binary is not to be had without a login" : "";
    const message = `faasten/serverless runs under osls 4 and under version 3.40 of the Serverless Framework, and this is ${serverless.version}${login}: install the open successor in its place, \`npm install --save-dev serverless@npm:osls@4\``;
    throw new FaastenError("UNSUPPORTED", message);
  }
  if (aws) return aws;
  const message =
    "`provider.name` is not `aws`: write it so, and choose another cloud with `--target azure` or `--target gcp`";
  throw new FaastenError("MISCONFIGURED", message);
}

/** Whether another plugin is listed in the file. */
export function lists({ plugins }: Service, name: string): boolean {
  const listed = plugins && "modules" in plugins ? plugins.modules : plugins;
  return Array.isArray(listed) && listed.includes(name);
}
