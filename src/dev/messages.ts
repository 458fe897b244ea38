// What the server and its workers say to each other.
import type { SectionModule } from "../build/section-modules.ts";
import type { ComponentManifest } from "../manifest/component.ts";
import type { Problem } from "../manifest/problems.ts";

/** What a worker serves. */
export interface Load {
  readonly kind: "load";
  readonly folder: string;
  readonly service: string;
  readonly file: string;
  readonly entries: readonly string[];
  /** Lambda handlers' modules, which come after the entries. */
  readonly section: readonly Pick<SectionModule, "specifier" | "places" | "handler">[];
  readonly sources: readonly string[];
  readonly components: readonly ComponentManifest[];
  readonly scopedOut: readonly ComponentManifest[];
  readonly environment: Readonly<Record<string, string>>;
  readonly port: number;
  readonly token: string;
  /** Milliseconds that a function may run. */
  readonly timeout: number;
  /** The same of the function that may run longest. */
  readonly longest: number;
  /** Something is wrong already: say what else is, and do not serve. */
  readonly check: boolean;
}

/** `retire`: another serves now; finish what was begun, for so many milliseconds at most, then end. `stop`: end soon. */
export type ToWorker = Load | { readonly kind: "retire"; readonly within: number } | { readonly kind: "stop" };

export type FromWorker =
  | { readonly kind: "waiting" }
  | { readonly kind: "ready"; readonly port: number; readonly functions: readonly string[] }
  | { readonly kind: "wrong"; readonly problems: readonly Problem[] }
  | { readonly kind: "failed"; readonly code: string; readonly message: string }
  | { readonly kind: "retired" }
  | { readonly kind: "lines"; readonly lines: readonly string[]; readonly left: number };
