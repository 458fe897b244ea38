// A function of an app, as the build knows it.
import type { Definition } from "../contracts/function.ts";
import type { Place } from "../manifest/problems.ts";

/** `file` and `line`: where it is written. */
export interface Found extends Place {
  readonly name: string;
  /** As the module exports it. */
  readonly exported: string;
  readonly definition: Definition;
}
