// The pieces of a Terraform configuration in JSON: plain values, expressions among them, and the one place where both become text.
// https://developer.hashicorp.com/terraform/language/syntax/json
import { kebab, type StackInput } from "../../../src/provider.ts";

/** Text that Terraform evaluates, made by the functions here alone: everything else is read back as it is written. */
export class Expression {
  readonly parts: readonly (string | { readonly code: string })[];

  constructor(parts: readonly (string | { readonly code: string })[]) {
    this.parts = parts;
  }
}

export type Text = string | Expression;
export type Json = Text | number | boolean | readonly Json[] | { readonly [key: string]: Json };
export type Body = { readonly [argument: string]: Json };

/** Type → label → what it is. */
export type Resources = Readonly<Record<string, Readonly<Record<string, Body>>>>;

/** What stands between `${` and `}`. */
export const code = (text: string): Expression => new Expression([{ code: text }]);
/** Of a resource of this stack. */
export const attribute = (type: string, label: string, name: string): Expression => code(`${type}.${label}.${name}`);
export const join = (...parts: readonly Text[]): Expression =>
  new Expression(parts.flatMap((part) => (part instanceof Expression ? part.parts : [part])));

export const project: Expression = code("var.project");
export const region: Expression = code("var.region");
/** Its number, by which Google calls its own agents and addresses. */
export const projectNumber: Expression = code("data.google_project.this.number");

/** What the user wrote may hold `${` and `%{`: in a text, and in what a text is kept under. */
export function render(value: Json): unknown {
  if (typeof value === "string") return escaped(value);
  if (value instanceof Expression) return textOf(value);
  if (Array.isArray(value)) return value.map(render);
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [escaped(key), render(inner)]));
}

function textOf({ parts }: Expression): string {
  const texts = parts.map((part, at) => {
    if (typeof part !== "string") return `\${${part.code}}`;
    // Before an expression, a dollar would make a plain brace of it.
    const [, text = "", dollars = ""] = /^(.*?)(\$*)$/s.exec(part) ?? [];
    const followed = typeof parts[at + 1] === "object" && dollars !== "";
    return followed ? `${escaped(text)}\${"${dollars}"}` : escaped(part);
  });
  return texts.join("");
}

/** https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences-1 */
function escaped(text: string): string {
  return text.replaceAll("${", "$$${").replaceAll("%{", "%%{");
}

/** Within the template: `order.placed` and `Topic` are `order_placed__topic`. */
export function label(...names: readonly string[]): string {
  return names.map((name) => kebab(name).replaceAll("-", "_")).join("__");
}

/** What Google calls it. The longest are cut, and told apart by their end. */
export function physical(
  { graph, stage }: Pick<StackInput, "graph" | "stage">,
  name: string,
  most: number,
  least = 1,
): string {
  const whole = `${graph.service}-${stage}-${kebab(name)}`;
  if (whole.length <= most && whole.length >= least) return whole;
  const { createHash } = process.getBuiltinModule("node:crypto");
  const mark = createHash("sha256").update(whole).digest("hex").slice(0, 8);
  return `${whole.slice(0, most - 9).replace(/-+$/, "")}-${mark}`;
}

/** Of what is no function's own: no other label can be the same. */
export const builder: string = label("faasten", "build");
export const sources: string = label("faasten", "source");

/** What holds data is never removed by this template, nor replaced. */
export const kept = { prevent_destroy: true } as const;

/** The Google API that a resource of that type is made by. */
export function madeBy(service: string): readonly string[] {
  return [`google_project_service.${service}`];
}
