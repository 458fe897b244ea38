// What Faasten reads of `provider:` in a serverless.yml; the rest is the Serverless Framework's.
import type { Architecture } from "../contracts/graph.ts";
import { asArchitecture } from "./architecture.ts";
import { type MapNode, type Node, placeOf, toIntrinsic } from "./nodes.ts";
import { type Problems, quoted, suggest } from "./problems.ts";
import { asMap, asNumber, asScalar, asText, record, required } from "./shape.ts";
import { at, type Variables } from "./variables.ts";

export interface ProviderSection extends Environment {
  readonly name: string;
  readonly runtime?: string;
  readonly region?: string;
  readonly memorySize?: number;
  readonly timeout?: number;
  readonly logRetentionInDays?: number;
  readonly architecture?: Architecture;
  /** As it is written: what all `httpApi` events have in common. */
  readonly httpApi?: MapNode;
  /** As it is written: what AWS lets all of `functions:` do. */
  readonly iam?: MapNode;
}

export function readProvider(written: Node | undefined, variables: Variables, problems: Problems): ProviderSection {
  const node = written && variables.resolve(written);
  if (node?.kind === "scalar")
    return { name: checkProviderName(node, problems), environment: record([]), made: new Map() };
  const map = asMap(node, problems);
  const name = required(map, "name", keys, "write `name: aws`", problems);
  const runtime = asText(at(map, "runtime", variables), problems) ?? variables.framework?.runtime;
  const region = asText(at(map, "region", variables), problems);
  const memorySize = asNumber(at(map, "memorySize", variables), problems);
  const timeout = asNumber(at(map, "timeout", variables), problems);
  const httpApi = asMap(at(map, "httpApi", variables), problems);
  const iam = asMap(at(map, "iam", variables), problems);
  const logRetentionInDays = asNumber(at(map, "logRetentionInDays", variables), problems);
  const architecture = asArchitecture(at(map, "architecture", variables), problems);
  const resolvedName = name && variables.resolve(name);
  return {
    name: resolvedName ? checkProviderName(resolvedName, problems) : "",
    ...(runtime !== undefined && { runtime }),
    ...(region !== undefined && { region }),
    ...(memorySize !== undefined && { memorySize }),
    ...(timeout !== undefined && { timeout }),
    ...(httpApi && { httpApi }),
    ...(iam && { iam }),
    ...(logRetentionInDays !== undefined && { logRetentionInDays }),
    ...(architecture !== undefined && { architecture }),
    ...readEnvironment(asMap(at(map, "environment", variables), problems), variables, problems),
  };
}

const keys = [
  "name",
  "runtime",
  "region",
  "memorySize",
  "timeout",
  "logRetentionInDays",
  "environment",
  "stage",
  "architecture",
];
const providerNames = ["aws", "azure", "gcp", "google", "local"];

function checkProviderName(node: Node, problems: Problems): string {
  const name = asText(node, problems) ?? "";
  if (name !== "" && !providerNames.includes(name)) {
    problems.add("UNSUPPORTED", node, `There is no provider ${quoted(name)}.${suggest(name, providerNames)}`);
  }
  return name;
}

/** Variables of functions. */
export interface Environment {
  readonly environment: Readonly<Record<string, string>>;
  /** Those that CloudFormation makes (`!Ref`, `Fn::GetAtt`), as they are written: there are some on AWS alone. */
  readonly made: ReadonlyMap<string, Node>;
}

export function readEnvironment(
  map: MapNode | undefined,
  variables: Pick<Variables, "resolve">,
  problems: Problems,
): Environment {
  const values: [string, string][] = [];
  const made = new Map<string, Node>();
  for (const [name, node] of map?.entries ?? []) {
    const value = variables.resolve(node);
    if (value && toIntrinsic(value)) {
      made.set(name, { ...value, ...placeOf(node, []), path: node.path });
      continue;
    }
    const scalar = asScalar(value, problems);
    if (scalar?.value === null) problems.add("INVALID", node, `\`${node.path}\` is empty: write a value, or \`""\`.`);
    else if (scalar) values.push([name, scalar.text]);
  }
  return { environment: record(values), made };
}
