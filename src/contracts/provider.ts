// One cloud on one page of data, and what a generated entry hands to its host.
import type { Block, Component, Create } from "./component.ts";
import type { Definition } from "./function.ts";
import type { Inbox } from "./inbox.ts";
import type { LambdaEvent } from "./lambda.ts";
import type { Trigger } from "./trigger.ts";

/** One cloud, on one page, as data. Module names are relative to the page, without extension. */
export interface Provider {
  readonly name: string;
  /** `import.meta.url` of the page. */
  readonly page: string;
  /** The component type that a name without YAML has. */
  readonly defaults: Readonly<Record<Block, string>>;
  /** The component types that it serves, and the metadata that each reads. */
  readonly components: Readonly<Record<string, MetadataFields>>;
  /** Component type or kind of function → triggers: a subscriber's trigger follows from its pubsub's type, and that of an input from its binding's. */
  readonly triggers: Readonly<Record<string, readonly string[]>>;
  /** Modules that export `serve(app)`, whose result the cloud's host loads. */
  readonly hosts: { readonly default: string; readonly stream?: string };
  /** Its host delivers what comes to a binding by the component's own `consume`: a bundle holds it for that alone. */
  readonly consumes?: true;
  /** The module that exports `create`, of an `Inbox`: its stack lays what comes to bindings into a queue of the function's own. */
  readonly inbox?: string;
  /** Its host runs AWS Lambda handlers as they are, and its stack sends them these events: such a handler is handed over unwrapped. */
  readonly lambda?: readonly LambdaEvent[];
  /** Events that its own services send the handlers of a serverless.yml, from where that file says: nothing portable stands between. */
  readonly native?: readonly LambdaEvent[];
  /** The module that exports `emit`. No bundle holds it. */
  readonly stack?: string;
  /** The module that exports `plan` and `changes`: how its stack is deployed. No bundle holds it. */
  readonly plan?: string;
  /** What says "app" shares one deployable. */
  readonly bundle: {
    readonly http: "function" | "app";
    readonly event: "function" | "app";
    readonly external: readonly string[];
    /** The bundle needs a `require` of its own. */
    readonly require?: true;
  };
  /** What lies beside each bundle, such as a `package.json`: name → text. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Names of metadata fields, as Dapr spells them where Dapr has them. */
export interface MetadataFields {
  readonly required?: readonly string[];
  readonly optional?: readonly string[];
  /** The one that says where the component's own resource is: if the YAML leaves it out, a bundle reads it from a variable that its stack sets. */
  readonly resource?: string;
  /** A type of Dapr's that cannot keep the contract: why, and what to use instead. There is no module for it. */
  readonly refused?: string;
  /** Of a binding: what may be asked of it; none: it is for input alone. */
  readonly operations?: readonly string[];
}

export type MetadataValue =
  | string
  | { readonly env: string }
  | { readonly store: string; readonly secret: string; readonly key: string };

export interface Bound<C extends Component = Component> {
  readonly type: string;
  readonly create: Create<C>;
  readonly metadata: Readonly<Record<string, MetadataValue>>;
}

export interface Served<T extends Trigger = Trigger> {
  readonly name: string;
  readonly definition: Definition;
  readonly triggers: readonly T[];
}

/** What a generated entry hands to a host. */
export interface App<T extends Trigger = Trigger> {
  readonly service: string;
  readonly functions: readonly Served<T>[];
  readonly components: Readonly<Record<string, Bound>>;
  /** Keeps what comes to bindings. Left out: they keep it themselves, or nobody does. */
  readonly inbox?: Create<Inbox>;
}

/** What a host module exports as `serve`. What its result is, only the cloud's host knows. */
export type Serve<Exported, T extends Trigger = Trigger> = (app: App<T>) => Exported;
