// Which fields of an AWS event have a meaning on AWS alone: elsewhere they are constants, or are not there.

import { type AnyNode, type FunctionNode, isFunction, namesIn, nodesOf } from "./nodes.ts";
import type { Parameter, Syntax } from "./syntax.ts";
import type { Tie } from "./ties.ts";

export interface Read {
  readonly path: readonly string[];
  readonly node: AnyNode;
}

/** What is read of a function's parameter, there and wherever it is handed on. */
export function readsOf(syntax: Syntax, of: FunctionNode, index: number): readonly Read[] {
  const found: Read[] = [];
  const seen = new Set<string>();
  const look = (parameter: Parameter, before: readonly string[]): void => {
    const step = `${parameter.of.start} ${parameter.index} ${before.join(".")}`;
    if (seen.has(step) || before.length > deepest) return;
    seen.add(step);
    const pathTo = (node: AnyNode): readonly string[] | undefined => {
      const origin = syntax.originOf(node);
      if (typeof origin?.root !== "object") return undefined;
      const { of: owner, index: at } = origin.root;
      return owner === parameter.of && at === parameter.index ? [...before, ...origin.path] : undefined;
    };
    for (const node of nodesOf(parameter.of)) {
      for (const field of fieldsIn(node)) {
        const path = pathTo(field);
        if (path) found.push({ path, node: field });
      }
      if (node.type !== "CallExpression") continue;
      for (const [at, argument] of node.arguments.entries()) {
        const path = pathTo(argument);
        if (path && node.callee.type === "Identifier")
          for (const next of syntax.functionsOf(node.callee)) look({ of: next, index: at }, path);
      }
      const { callee } = node;
      const list =
        callee.type === "MemberExpression" && callee.object.type !== "Super" ? pathTo(callee.object) : undefined;
      if (list) for (const each of node.arguments) if (isFunction(each)) look({ of: each, index: 0 }, [...list, "*"]);
    }
  };
  look({ of, index }, []);
  return found;
}

/** Where a field is fetched: a member, or a name in a pattern. */
function fieldsIn(node: AnyNode): readonly AnyNode[] {
  if (node.type === "MemberExpression") return [node];
  const patterns = isFunction(node) ? node.params : node.type === "VariableDeclarator" ? [node.id] : [];
  return patterns.flatMap((pattern) => namesIn(pattern).filter(({ path }) => path.length > 0)).map((name) => name.node);
}

/** Whether an event of this name reaches a handler on every target. */
export function isBridged(event: string): boolean {
  return Object.hasOwn(fields, event);
}

/** Of a field of the event, or of the context, of a Lambda handler. */
export function fieldTie(event: string, path: readonly string[]): Tie | undefined {
  const field = (fields[event] ?? []).find((one) => matches(one, path));
  return field === undefined ? undefined : tie(`event.${field}`);
}

export function contextTie(path: readonly string[]): Tie | undefined {
  const field = contextFields.find((one) => matches(one, path));
  return field === undefined ? undefined : tie(`context.${field}`);
}

function tie(field: string): Tie {
  return { kind: "event", what: `reads ${field}`, mend: "do without: only AWS knows it" };
}

/** `requestContext.accountId` also where something of it is read; `*` is any. */
function matches(field: string, path: readonly string[]): boolean {
  return field.split(".").every((part, index) => {
    const own = path[index];
    return own !== undefined && (part === own || part === "*");
  });
}

const deepest = 12;

const api = ["accountId", "apiId", "domainPrefix", "authentication"].map((name) => `requestContext.${name}`);
const identity = [
  ...["accessKey", "accountId", "apiKey", "apiKeyId", "caller", "clientCert", "cognitoAuthenticationProvider"],
  ...["cognitoAuthenticationType", "cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "user", "userArn"],
].map((name) => `requestContext.identity.${name}`);
const iam = [
  ...["accessKey", "accountId", "callerId", "cognitoIdentity", "principalOrgId", "userArn"].map(
    (name) => `requestContext.authorizer.iam.${name}`,
  ),
  "requestContext.authorizer.lambda",
];
const balancer = ["requestContext.elb.targetGroupArn"];

const fields: Readonly<Record<string, readonly string[]>> = {
  "apigw.v1": [
    ...[...api, ...identity, "stageVariables.*", "requestContext.resourceId"],
    "requestContext.authorizer.integrationLatency",
  ],
  "apigw.v2": [...api, ...iam, "stageVariables.*"],
  url: [...api, ...iam],
  alb: balancer,
  "alb.multi": balancer,
  sqs: [
    ...["Records.*.eventSourceARN", "Records.*.awsRegion", "Records.*.attributes.SenderId"],
    ...["Records.*.attributes.AWSTraceHeader", "Records.*.attributes.SequenceNumber"],
  ],
  sns: [
    ...["Records.*.EventSubscriptionArn", "Records.*.Sns.TopicArn", "Records.*.Sns.Signature"],
    ...["Records.*.Sns.SigningCertUrl", "Records.*.Sns.SigningCertURL", "Records.*.Sns.UnsubscribeUrl"],
    "Records.*.Sns.UnsubscribeURL",
  ],
  eventbridge: ["account", "region", "resources"],
  scheduled: ["account", "region", "resources"],
  s3: [
    ...["Records.*.awsRegion", "Records.*.userIdentity", "Records.*.requestParameters", "Records.*.responseElements"],
    ...["Records.*.s3.bucket.arn", "Records.*.s3.bucket.ownerIdentity", "Records.*.s3.configurationId"],
    ...["Records.*.s3.object.versionId", "Records.*.s3.object.sequencer"],
  ],
};

const contextFields: readonly string[] = [
  "invokedFunctionArn",
  "identity",
  "clientContext",
  "logGroupName",
  "logStreamName",
];
