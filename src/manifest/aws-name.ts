// Queues, topics, buses and buckets as a serverless.yml names them, and what they are called here.
import { componentName } from "./names.ts";
import { type Node, toIntrinsic } from "./nodes.ts";
import { quoted } from "./problems.ts";
import { refuse, type SectionReader } from "./section-reader.ts";

/**
 * The name of a resource: an ARN's last part, a logical id, or the name itself; its first letter small, `_` as `-`.
 * `undefined`: reported.
 */
export function readAwsName(reader: SectionReader, node: Node, what: string): string | undefined {
  const value = reader.resolve(node);
  if (!value) return undefined;
  const written = nameIn(reader, value);
  if (written === undefined)
    return refuse(reader, value, `${quoted(value.path)} names no ${what} that can be told: write its ARN or its name.`);
  const name = (written.charAt(0).toLowerCase() + written.slice(1)).replaceAll("_", "-");
  if (componentName.pattern.test(name)) return name;
  return refuse(
    reader,
    value,
    `${quoted(written)} cannot name a ${what} on every target: ${componentName.rule}.`,
    "INVALID",
  );
}

function nameIn(reader: SectionReader, node: Node): string | undefined {
  const intrinsic = toIntrinsic(node);
  if (!intrinsic) return node.kind === "scalar" && typeof node.value === "string" ? lastOf(node.value) : undefined;
  const [name, written] = intrinsic;
  const argument = reader.resolve(written);
  if (argument?.kind === "scalar") {
    if (name === "Ref") return argument.text;
    if (name === "Fn::GetAtt") return argument.text.split(".")[0];
    return name === "Fn::Sub" || name === "Fn::ImportValue" ? lastOf(argument.text) : undefined;
  }
  const items = argument?.kind === "list" ? argument.items : [];
  const chosen = name === "Fn::GetAtt" ? items[0] : name === "Fn::Sub" ? items[0] : undefined;
  const last = name === "Fn::Join" ? items[1] : undefined;
  if (last?.kind === "list") return last.items.length > 0 ? nameIn(reader, last.items.at(-1) ?? last) : undefined;
  const text = chosen && reader.resolve(chosen);
  if (text?.kind !== "scalar") return undefined;
  return name === "Fn::GetAtt" ? text.text : lastOf(text.text);
}

/** Of an ARN what follows the last `:` or `/`. A placeholder inside of the name is none of it. */
function lastOf(text: string): string | undefined {
  const last = text.startsWith("arn:") || text.includes("${") ? text.split(/[:/](?![^{]*\})/).at(-1) : text;
  const named = /^\$\{([A-Za-z0-9]+)(?:\.Arn)?\}$/.exec(last ?? "")?.[1] ?? last;
  return named === undefined || named === "" || named.includes("$") ? undefined : named;
}
