// An event as it crosses the seam.
import type { Value } from "./component.ts";

/** A CloudEvent 1.0, its data unparsed. Text that is not JSON is bytes. Extension names are lower case. */
export interface CloudEvent {
  readonly specversion: "1.0";
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly time?: string;
  readonly subject?: string;
  readonly datacontenttype?: string;
  readonly dataschema?: string;
  readonly data?: Value;
  readonly extensions?: Readonly<Record<string, string | number | boolean>>;
}
