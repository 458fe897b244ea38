// What each function may do, from its grants, its trigger and its inbox: nothing else, and nothing on everything.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
import {
  FaastenError,
  type GraphComponent,
  type GraphGrant,
  type Permission,
  type StackInput,
  timetableOf,
} from "../../../src/provider.ts";
import { addressOf, prefixOf, regionOf, topicArn } from "./locations.ts";
import { isAsynchronous, type Reason, sourceStatements, takeFromQueue } from "./sources.ts";
import { arn, attribute, isMap, type Json, logical, type Resources, toJson } from "./template.ts";

export interface Statement extends Omit<Reason, "because"> {
  readonly because: readonly string[];
}

const readState = ["dynamodb:BatchGetItem", "dynamodb:GetItem"];
const state: Readonly<Record<string, readonly string[]>> = {
  read: readState,
  // Transactions are allowed by the actions that they are made of.
  readWrite: [...readState, "dynamodb:DeleteItem", "dynamodb:PutItem"],
  list: ["dynamodb:Scan"],
};

/** All that one function needs; what several reasons ask for is one statement. */
export function statementsOf(name: string, input: StackInput): readonly Statement[] {
  const { graph } = input;
  const own = graph.grants.filter((grant) => grant.function === name);
  const stores = graph.components.filter((component) => own.some((grant) => grant.component === component.name));
  const reasons: readonly Reason[] = [
    {
      actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
      resource: attribute(logical(name, "LogGroup"), "Arn"),
      because: `${name} writes its log`,
    },
    ...own.flatMap((grant) => statementOf(grant, input) ?? []),
    ...stores.flatMap((component) => ofSecretsOf(component, input)),
    ...triggerStatements(name, input),
  ];
  const statements = new Map<string, Statement>();
  for (const { actions, resource, because } of reasons) {
    const key = JSON.stringify([actions, resource]);
    statements.set(key, { actions, resource, because: [...(statements.get(key)?.because ?? []), because] });
  }
  return [...statements.values()];
}

function triggerStatements(name: string, input: StackInput): readonly Reason[] {
  const one = input.graph.functions.find((each) => each.name === name);
  const bury = {
    actions: ["sqs:SendMessage"],
    resource: attribute(logical(name, "InboxDead"), "Arn"),
    because: `${name} buries what it cannot handle`,
  };
  switch (one?.on.kind) {
    case "topic":
      // A Lambda handler that runs as it is has nothing of ours around it: what it names as failed, Lambda leaves in its inbox.
      if (one.lambda !== undefined) {
        const because = `Lambda takes from the inbox of ${name}`;
        return [{ actions: takeFromQueue, resource: attribute(logical(name, "Inbox"), "Arn"), because }];
      }
      return [
        {
          actions: [...takeFromQueue, "sqs:ChangeMessageVisibility"],
          resource: attribute(logical(name, "Inbox"), "Arn"),
          because: `${name} takes from its inbox`,
        },
        bury,
      ];
    case "native":
      return isAsynchronous(one) ? [...sourceStatements(one, input), bury] : sourceStatements(one, input);
    default:
      // Lambda stores what it gives up as the function itself.
      return one && timetableOf(one.on) ? [bury] : [];
  }
}

function statementOf(
  { function: name, block, component, right, resource, ordered }: GraphGrant,
  input: StackInput,
): Reason | undefined {
  const found = input.graph.components.find((each) => each.name === component);
  const because = `${name} may ${right} ${component}${resource === undefined ? "" : ` (${resource})`}`;
  switch (found?.type) {
    case "state.aws.dynamodb":
      return { actions: state[right] ?? [], resource: addressOf(found, input), because };
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
function ofSecretsOf({ name, metadata }: GraphComponent, input: StackInput): readonly Reason[] {
  return Object.values(metadata).flatMap((value) => {
    if (typeof value === "string" || !("store" in value)) return [];
    const store = input.graph.components.find((each) => each.name === value.store);
    return store ? [secretStatement(store, value.secret, input, `${name} reads its own secret ${value.secret}`)] : [];
  });
}

function secretStatement(store: GraphComponent, secret: string, input: StackInput, because: string): Reason {
  const prefix = prefixOf(store, input);
  const region = regionOf(store, input);
  // A parameter's name begins with the slash that its ARN has there.
  if (store.type === "secretstores.aws.parameterstore") {
    const path = `${prefix}${secret}`.replace(/^(?!\/)/, "/");
    return { actions: ["ssm:GetParameter"], resource: arn("ssm", `parameter${path}`, region), because };
  }
  // Secrets Manager ends each ARN with six characters of its own.
  const resource = arn("secretsmanager", `secret:${prefix}${secret}-??????`, region);
  return { actions: ["secretsmanager:GetSecretValue"], resource, because };
}

/** What a serverless.yml grants to all of its own handlers, as it is written; what of it is not there is empty. */
export function writtenStatements(name: string, { graph, aws }: StackInput): readonly Json[] {
  const own = graph.functions.find((each) => each.name === name)?.section;
  return own ? (aws?.statements ?? []).map(toJson) : [];
}

/** The manifest's `resources`: a template of its own. */
export function ownTemplate({ aws }: StackInput): OwnTemplate {
  return toJson(aws?.template ?? {}) as OwnTemplate;
}

export interface OwnTemplate {
  readonly Resources?: Resources;
  readonly Outputs?: Readonly<Record<string, Json>>;
  readonly Parameters?: Readonly<Record<string, Json>>;
}

export function permissionsOf(
  name: string,
  statements: readonly Statement[],
  input: StackInput,
): readonly Permission[] {
  const own = statements.map(({ actions, resource, because }) => permission(name, actions, resource, because));
  const theirs = writtenStatements(name, input).map((statement) => {
    const { Action = [], Resource = "" } = isMap(statement) ? statement : {};
    const actions = (Array.isArray(Action) ? Action : [Action]).map(String);
    return permission(name, actions, Resource, ["`provider.iam.role.statements` of the manifest"]);
  });
  return [...own, ...theirs];
}

function permission(
  deployable: string,
  actions: readonly string[],
  resource: Json,
  because: readonly string[],
): Permission {
  return {
    deployable,
    actions,
    resource: typeof resource === "string" ? resource : JSON.stringify(resource),
    because,
  };
}
