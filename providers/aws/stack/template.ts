// The pieces of a CloudFormation template.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
import { kebab, type StackInput, sha256 } from "../../../src/provider.ts";

/** What CloudFormation takes as a value: plain, or made by one of its functions. */
export type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

export function isMap(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && !Array.isArray(value);
}

export interface Resource {
  readonly Type: string;
  readonly Properties?: Json;
  readonly DependsOn?: readonly string[];
  readonly Condition?: string;
  /** What holds data outlives its stack. */
  readonly DeletionPolicy?: "Retain" | "RetainExceptOnCreate";
  readonly UpdateReplacePolicy?: "Retain";
}

/** Logical name → resource. */
export type Resources = Readonly<Record<string, Resource>>;

export const retained = { DeletionPolicy: "Retain", UpdateReplacePolicy: "Retain" } as const;
/** Of what a later deployment cannot find again by its name: what is left of a first one that failed would stand in its way. */
export const retainedOnceMade = { DeletionPolicy: "RetainExceptOnCreate", UpdateReplacePolicy: "Retain" } as const;

export const ref = (logical: string): Json => ({ Ref: logical });
export const attribute = (logical: string, name: string): Json => ({ "Fn::GetAtt": [logical, name] });
export const join = (...parts: readonly Json[]): Json => ({ "Fn::Join": ["", parts] });
/** An ARN of this account, and of this region unless another is named. */
export const arn = (service: string, resource: string, region: Json = ref("AWS::Region")): Json =>
  join("arn:", ref("AWS::Partition"), `:${service}:`, region, ":", ref("AWS::AccountId"), `:${resource}`);

/** Names of resources within the template are letters and digits: `order-store` and `Table` are `OrderStoreTable`. */
export function logical(name: string, kind: string): string {
  const words = kebab(name).split("-");
  return words.map((word) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`).join("") + kind;
}

/** What a person or another account calls it. Services allow 64 characters of most names, so the longest are cut, and told apart by their end. */
export function physical(
  { graph, stage }: Pick<StackInput, "graph" | "stage">,
  name: string,
  end = "",
  most = 64,
): string {
  const whole = `${graph.service}-${stage}-${kebab(name)}`;
  if (whole.length + end.length <= most) return whole + end;
  return `${whole.slice(0, most - end.length - 9)}-${sha256(whole).slice(0, 8)}${end}`;
}

/** What a manifest holds, which is JSON: `null` is what is not there. */
export function toJson(value: unknown): Json {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map(toJson);
  const entries = Object.entries(Object(value)).filter(([, inner]) => inner !== null && inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [key, toJson(inner)]));
}
