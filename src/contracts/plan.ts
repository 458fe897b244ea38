// What has to be done to deploy a stack, as data: commands of the user's own programs, and no shell between.
import type { Stack, StackInput } from "./stack.ts";

/** Text, or a value that is known by then. */
export type Piece = string | { readonly value: string };
/** One argument of a command: a list is the text of its pieces together. */
export type Argument = Piece | readonly Piece[];

export interface Plan {
  readonly target: string;
  readonly service: string;
  readonly stage: string;
  /** Values that are known from the start, such as the region. */
  readonly values: Readonly<Record<string, string>>;
  /** Values that whoever deploys has to give, if they are not among `values`. */
  readonly wants: readonly Want[];
  readonly programs: readonly Program[];
  /** For every process: names of environment variables and what they are set to. */
  readonly environment: Readonly<Record<string, string>>;
  /** Deployable → the SHA-256 of its archive, in hex. */
  readonly archives: Readonly<Record<string, string>>;
  /** All that the stack makes: what comes where nothing is deployed yet. */
  readonly resources: readonly Change[];
  /** Finds out what would come, change and go, and leaves nothing behind. */
  readonly compare: readonly Step[];
  readonly deploy: readonly Step[];
  readonly remove: readonly Step[];
  /** Sentences: what nobody can know without the account. */
  readonly unchecked: readonly string[];
}

export interface Want {
  readonly value: string;
  /** How it is given on the command line, or else by the environment. */
  readonly flag: string;
  readonly variables: readonly string[];
  readonly example: string;
}

/** A program that the user has. Where there are several names, the first one found stands for the value. */
export interface Program {
  readonly value: string;
  readonly names: readonly string[];
  /** How to get it, and how to sign in. */
  readonly mend: string;
}

/** Run in the folder that holds the plan. */
export interface Step {
  readonly id: string;
  /** What it does, as an order: "Upload the archive of placeOrder". */
  readonly title: string;
  /** The first is the program. */
  readonly command: readonly Argument[];
  /** Left out unless the value is one of these; a value that nobody knows is "". */
  readonly when?: { readonly value: string; readonly is: readonly string[] };
  /** Value → how it is found in what the command prints. Left out: that is for people. */
  readonly reads?: Readonly<Record<string, Reading>>;
  /** What it prints is what comes, changes and goes: the module's `changes` reads it, and the value `changes` is "some" or "none". */
  readonly compares?: true;
  /** It is no failure to fail with one of these texts: what it reads is `absent`. */
  readonly absent?: readonly string[];
  /** What takes a while to be true everywhere: a failure with one of these texts is tried again, from the step `again` or from this one. */
  readonly settles?: {
    readonly what: string;
    readonly says: readonly string[];
    readonly seconds: number;
    readonly again?: string;
  };
  /** Changes nothing: it is run each time, also where the plan is taken up again. */
  readonly asks?: true;
  /** The step from which a plan that failed here is taken up again. Left out: this one. */
  readonly resume?: string;
  /** Tells why it failed. */
  readonly explains?: readonly Argument[];
  /** What to do if it fails. */
  readonly mend: string;
  /** The step of `remove` that undoes it. Left out: there is nothing to undo. */
  readonly undo?: string;
}

export interface Reading {
  /** Keys into the JSON that the command prints; none: all of it. Text that is no JSON is itself. */
  readonly path: readonly (string | number)[];
  /** What one found text stands for; `otherwise`: any other. */
  readonly as?: Readonly<Record<string, string>>;
  readonly otherwise?: string;
  /** Where it is not there. Left out: then the step has failed. */
  readonly absent?: string;
}

/** `adopt`: it is there, and becomes the stack's. `keep`: it leaves the stack, and stays. */
export interface Change {
  readonly action: "add" | "change" | "replace" | "remove" | "adopt" | "keep";
  /** As the template names it. */
  readonly name: string;
  /** As the cloud names it, where that is known. */
  readonly physical?: string;
  /** The cloud's own name of what it is. */
  readonly type: string;
  readonly data: boolean;
}

export interface Planned {
  readonly plan: Plan;
  /** File name → text: what the steps read beside the stack's own files. */
  readonly files: Readonly<Record<string, string>>;
}

/** What a plan module exports as `plan`. Pure: the same input gives the same plan. */
export type MakePlan = (input: StackInput, stack: Stack) => Planned;

/** What a plan module exports as `changes`: reads what the comparing step printed. Throws `MISCONFIGURED` where that tells of a failure. */
export type ReadChanges = (printed: string, resources: readonly Change[]) => readonly Change[];
