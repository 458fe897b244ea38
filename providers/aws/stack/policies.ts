// What each function may do, from its grants, its trigger and its inbox: nothing else, and nothing on everything.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
import {
  FaastenError,
  type GraphComponent,
  type GraphGrant,
  type Permission,
  type StackInput,
} from "../../../src/provider.ts";
import { addressOf, prefixOf, topicArn } from "./locations.ts";
import { attribute, type Json, join, logical } from "./template.ts";

export interface Statement {
  readonly actions: readonly string[];
  readonly resource: Json;
  readonly because: string;
}

const readState = ["dynamodb:BatchGetItem", "dynamodb:GetItem"];
const state: Readonly<Record<string, readonly string[]>> = {
  read: readState,
  // Transactions are allowed by the actions that they are made of.
  readWrite: [...readState, "dynamodb:DeleteItem", "dynamodb:PutItem"],
  list: ["dynamodb:Scan"],
};

/** All that one function needs, one statement a reason. */
export function statementsOf(name: string, input: StackInput): readonly Statement[] {
  const { graph } = input;
  const one = graph.functions.find((each) => each.name === name);
  const own = graph.grants.filter((grant) => grant.function === name);
  const stores = graph.components.filter((component) => own.some((grant) => grant.component === component.name));
  return [
    {
      actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
      resource: attribute(logical(name, "LogGroup"), "Arn"),
      because: `${name} writes its log`,
    },
    ...own.flatMap((grant) => statementOf(grant, input) ?? []),
    ...stores.flatMap((component) => ofSecretsOf(component, input)),
    ...(one?.on.kind === "topic"
      ? [
          {
            actions: [
              "sqs:ChangeMessageVisibility",
              "sqs:DeleteMessage",
              "sqs:GetQueueAttributes",
              "sqs:ReceiveMessage",
            ],
            resource: attribute(logical(name, "Inbox"), "Arn"),
            because: `${name} takes from its inbox`,
          },
        ]
      : []),
    ...(one && one.on.kind !== "http"
      ? [
          {
            actions: ["sqs:SendMessage"],
            resource: attribute(logical(name, "InboxDead"), "Arn"),
            because: `${name} buries what it cannot handle`,
          },
        ]
      : []),
  ];
}

function statementOf(
  { function: name, block, component, right, resource, ordered }: GraphGrant,
  input: StackInput,
): Statement | undefined {
  const found = input.graph.components.find((each) => each.name === component);
  const because = `${name} may ${right} ${component}${resource === undefined ? "" : ` (${resource})`}`;
  switch (found?.type) {
    case "state.aws.dynamodb":
      return { actions: state[right] ?? readState, resource: addressOf(found), because };
    case "pubsub.aws.snssqs":
      return { actions: ["sns:Publish"], resource: topicArn(found, resource ?? "", ordered === true, input), because };
    case "secretstores.aws.secretmanager":
    case "secretstores.aws.parameterstore":
      return secretStatement(found, resource ?? "", input, because);
  }
  if (!found?.type.includes(".aws.")) return undefined;
  throw new FaastenError(
    "UNSUPPORTED",
    `${component}: the stack of AWS has no permissions for ${block} of type ${found.type}`,
  );
}

/** The secrets that a component's own metadata names. */
function ofSecretsOf({ name, metadata }: GraphComponent, input: StackInput): readonly Statement[] {
  return Object.values(metadata).flatMap((value) => {
    if (typeof value === "string" || !("store" in value)) return [];
    const store = input.graph.components.find((each) => each.name === value.store);
    return store ? [secretStatement(store, value.secret, input, `${name} reads its own secret ${value.secret}`)] : [];
  });
}

function secretStatement(store: GraphComponent, secret: string, input: StackInput, because: string): Statement {
  const prefix = prefixOf(store, input);
  if (store.type === "secretstores.aws.parameterstore")
    return { actions: ["ssm:GetParameter"], resource: join(...parameterArn, prefix, secret), because };
  // Secrets Manager ends each ARN with six characters of its own.
  return {
    actions: ["secretsmanager:GetSecretValue"],
    resource: join(...secretArn, prefix, `${secret}-??????`),
    because,
  };
}

const here = [{ Ref: "AWS::Region" }, ":", { Ref: "AWS::AccountId" }] as const;
const secretArn: readonly Json[] = ["arn:", { Ref: "AWS::Partition" }, ":secretsmanager:", ...here, ":secret:"];
/** A parameter's name begins with the slash that its ARN has there. */
const parameterArn: readonly Json[] = ["arn:", { Ref: "AWS::Partition" }, ":ssm:", ...here, ":parameter"];

export function permissionsOf(name: string, statements: readonly Statement[]): readonly Permission[] {
  return statements.map(({ actions, resource, because }) => ({
    deployable: name,
    actions,
    resource: typeof resource === "string" ? resource : JSON.stringify(resource),
    because: [because],
  }));
}
