// What each function may do, from its grants, its trigger and its inbox: nothing else, and nothing on everything.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
import {
  FaastenError,
  type GraphComponent,
  type GraphGrant,
  type Permission,
  type StackInput,
  timetableOf,
  written,
} from "../../../src/provider.ts";
import { inboxOf } from "./bindings.ts";
import { addressOf, bindingArn, prefixOf, regionOf, topicArn } from "./locations.ts";
import { serviceStatement } from "./services.ts";
import { isAsynchronous, type Reason, sourceStatements, takeFromQueue } from "./sources.ts";
import { arn, attribute, isMap, type Json, join, logical, type Resources, toJson } from "./template.ts";

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
    ...own.flatMap((grant) => statementsFor(grant, input)),
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
  if (!one) return [];
  const inbox = inboxOf(one, input);
  const bury = {
    actions: ["sqs:SendMessage"],
    resource: inbox?.dead ?? attribute(logical(name, "InboxDead"), "Arn"),
    because: `${name} buries what it cannot handle`,
  };
  // Lambda stores what it gives up as the function itself.
  if (one.on.kind === "native")
    return isAsynchronous(one) ? [...sourceStatements(one, input), bury] : sourceStatements(one, input);
  if (!inbox) return timetableOf(one.on) ? [bury] : [];
  const resource = inbox.arn;
  // A Lambda handler that runs as it is has nothing of ours around it: what it names as failed, Lambda leaves in its inbox.
  if (one.lambda !== undefined)
    return [{ actions: takeFromQueue, resource, because: `Lambda takes from the inbox of ${name}` }];
  const actions = [...takeFromQueue, "sqs:ChangeMessageVisibility"];
  return [{ actions, resource, because: `${name} takes from its inbox` }, bury];
}

function statementsFor(grant: GraphGrant, input: StackInput): readonly Reason[] {
  const { function: name, block, component, right, resource, ordered, operations = [], keys = [] } = grant;
  const found = input.graph.components.find((each) => each.name === component);
  const what = [resource, ...keys, ...operations].filter((each) => each !== undefined).join(", ");
  const because = `${name} may ${right} ${component}${what === "" ? "" : ` (${what})`}`;
  switch (found?.type) {
    case "state.aws.dynamodb":
      return [{ actions: state[right] ?? [], resource: addressOf(found, input), because }];
    case "pubsub.aws.snssqs":
      return [
        { actions: ["sns:Publish"], resource: topicArn(found, resource ?? "", ordered === true, input), because },
      ];
    case "secretstores.aws.secretmanager":
    case "secretstores.aws.parameterstore":
      return [secretStatement(found, resource ?? "", input, because)];
    case "configuration.aws.parameterstore":
      return keys.map((key) => ({
        actions: ["ssm:GetParameters"],
        resource: parameterArn(found, key, input),
        because: `${name} may ${right} ${component} (${key})`,
      }));
    case "bindings.aws.s3":
      return bucketStatements(operations, bindingArn(found, input), because);
    case "bindings.aws.dynamodb":
    case "bindings.aws.eventbridge":
    case "bindings.aws.sns":
    case "bindings.aws.sqs":
      return [{ actions: send(found, input), resource: bindingArn(found, input), because }];
    case "invocation.aws.http":
      return [serviceStatement(found, input, because)];
  }
  if (!found?.type.includes(".aws.")) return [];
  throw new FaastenError(
    "UNSUPPORTED",
    `${component}: the stack of AWS has no permissions for ${block} of type ${found.type}`,
  );
}

/** What one operation asks for: of the objects, and of the bucket. S3 says that one is not there only to whom may list them. */
const objects: Readonly<Record<string, readonly string[]>> = {
  create: ["s3:PutObject"],
  createIfAbsent: ["s3:PutObject"],
  replace: ["s3:GetObject", "s3:PutObject"],
  get: ["s3:GetObject"],
  list: [],
  delete: ["s3:DeleteObject"],
  bulkDelete: ["s3:DeleteObject"],
  presign: ["s3:GetObject", "s3:PutObject"],
};
const blind: readonly string[] = ["create", "createIfAbsent", "bulkDelete"];

function bucketStatements(operations: readonly string[], bucket: Json, because: string): readonly Reason[] {
  const actions = [...new Set(operations.flatMap((operation) => objects[operation] ?? []))].sort();
  return [
    ...(actions.length > 0 ? [{ actions, resource: join(bucket, "/*"), because }] : []),
    ...(operations.every((operation) => blind.includes(operation))
      ? []
      : [{ actions: ["s3:ListBucket"], resource: bucket, because }]),
  ];
}

/** A queue that is told by its name is asked for its address first. */
function send(component: GraphComponent, input: StackInput): readonly string[] {
  switch (component.type) {
    case "bindings.aws.dynamodb":
      return ["dynamodb:PutItem"];
    case "bindings.aws.eventbridge":
      return ["events:PutEvents"];
    case "bindings.aws.sns":
      return ["sns:Publish"];
  }
  const named = component.existing || written(component, "queueName", input) !== undefined;
  const url = /^https?:/.test(written(component, "queueName", input) ?? "");
  return named && !url ? ["sqs:GetQueueUrl", "sqs:SendMessage"] : ["sqs:SendMessage"];
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
  if (store.type === "secretstores.aws.parameterstore")
    return { actions: ["ssm:GetParameter"], resource: parameterArn(store, secret, input), because };
  // Secrets Manager ends each ARN with six characters of its own.
  const resource = arn("secretsmanager", `secret:${prefixOf(store, input)}${secret}-??????`, regionOf(store, input));
  return { actions: ["secretsmanager:GetSecretValue"], resource, because };
}

/** Its name begins with the slash that its ARN has there. */
function parameterArn(store: GraphComponent, name: string, input: StackInput): Json {
  const path = `${prefixOf(store, input)}${name}`.replace(/^(?!\/)/, "/");
  return arn("ssm", `parameter${path}`, regionOf(store, input));
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
