// How a provider turns an app's graph into its cloud's own template.
import type { Architecture, Graph } from "./graph.ts";

/** All that a template may hold of an app. Secrets are not among it. */
export interface StackInput {
  readonly graph: Graph;
  readonly stage: string;
  /** Of this cloud. Left out: the manifest names none of this cloud's, and whoever deploys has to. */
  readonly region?: string;
  /** Major version of Node.js. */
  readonly node: number;
  /** Megabytes. */
  readonly memory: number;
  /** Seconds. */
  readonly timeout: number;
  /** Of every function. */
  readonly environment: Readonly<Record<string, string>>;
  readonly logRetentionDays: number;
  /** Of the processor, where the manifest says. Only AWS has a choice. */
  readonly architecture?: Architecture;
  /** Deployable → the SHA-256 of its archive, in hex. */
  readonly archives: Readonly<Record<string, string>>;
  readonly aws?: AwsSection;
  /** Where the provider's tool keeps a state of its own: beside the template, instead of where all who deploy find it. */
  readonly localState?: true;
}

/** What a serverless.yml says to AWS alone, as it is written: what CloudFormation makes stands as `{ Ref }`. */
export interface AwsSection {
  /** Its `resources`. */
  readonly template: Readonly<Record<string, unknown>>;
  /** Of `provider.environment`, what CloudFormation makes. */
  readonly environment: Readonly<Record<string, unknown>>;
  /** Of `provider.iam.role`: for the handlers of its `functions:`. */
  readonly statements: readonly unknown[];
}

export interface Stack {
  /** File name → text: what lies beside the bundles. The same input gives the same bytes. */
  readonly files: Readonly<Record<string, string>>;
  readonly permissions: readonly Permission[];
}

/** What one identity may do, and why: for whoever reads a plan. */
export interface Permission {
  readonly deployable: string;
  /** As the cloud names them: actions, or a role. */
  readonly actions: readonly string[];
  /** As the template names it. */
  readonly resource: string;
  /** The functions whose `uses` or triggers ask for it, or, where none does, why it is there. */
  readonly because: readonly string[];
}

/** What a stack module exports as `emit`. Pure: it reads no file and no clock. Throws one `MISCONFIGURED` where the cloud cannot keep a promise. */
export type Emit = (input: StackInput) => Stack;
