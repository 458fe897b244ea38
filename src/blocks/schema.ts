// Any Standard Schema library: https://standardschema.dev
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { FaastenError } from "../errors.ts";

export type Schema<In = unknown, Out = unknown> = StandardSchemaV1<In, Out>;
export type Input<S extends Schema> = StandardSchemaV1.InferInput<S>;
export type Output<S extends Schema> = StandardSchemaV1.InferOutput<S>;

/** One thing that does not fit: where, and why. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** A value that does not fit its schema. */
export class SchemaError extends FaastenError {
  readonly issues: readonly Issue[];

  constructor(what: string, issues: readonly Issue[]) {
    const list = issues.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join("; ");
    super("INVALID", `${what} does not fit its schema: ${list}`);
    this.issues = issues;
  }
}

/** The value as the schema gives it back; throws `SchemaError`, which begins with `what`. */
export async function parse<Out>(schema: Schema<unknown, Out>, value: unknown, what: string): Promise<Out> {
  const checked = schema["~standard"].validate(value);
  const result = checked instanceof Promise ? await checked : checked;
  if (result.issues === undefined) return result.value;
  throw new SchemaError(
    what,
    result.issues.map(({ message, path }) => ({ path: (path ?? []).map(segment).join("."), message })),
  );
}

function segment(part: PropertyKey | StandardSchemaV1.PathSegment): string {
  return String(typeof part === "object" ? part.key : part);
}
