// Which processor a function runs on.
import type { Architecture } from "../contracts/graph.ts";
import type { Node } from "./nodes.ts";
import { type Problems, quoted, suggest } from "./problems.ts";
import { asText } from "./shape.ts";

export function asArchitecture(node: Node | undefined, problems: Problems): Architecture | undefined {
  const text = asText(node, problems);
  const found = architectures.find((one) => one === text);
  if (node && text !== undefined && found === undefined)
    problems.add("INVALID", node, `There is no architecture ${quoted(text)}.${suggest(text, architectures)}`);
  return found;
}

const architectures: readonly Architecture[] = ["arm64", "x86_64"];
