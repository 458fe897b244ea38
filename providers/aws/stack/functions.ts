// One Lambda function a deployable, with a role and a log of its own.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html
import { type StackInput, variableOf } from "../../../src/provider.ts";
import { inboxOf } from "./bindings.ts";
import { valueOf } from "./locations.ts";
import { type Statement, writtenStatements } from "./policies.ts";
import { attribute, type Json, logical, physical, type Resources, ref, toJson } from "./template.ts";

export function functionResources(name: string, statements: readonly Statement[], input: StackInput): Resources {
  const { node, memory, timeout, archives, logRetentionDays, graph, stage, architecture = "arm64" } = input;
  const functionName = physical(input, name);
  const own = graph.functions.find((each) => each.name === name)?.section;
  return {
    [logical(name, "LogGroup")]: {
      Type: "AWS::Logs::LogGroup",
      Properties: {
        LogGroupName: `/aws/lambda/${functionName}`,
        RetentionInDays: own?.logRetentionDays ?? logRetentionDays,
      },
    },
    [logical(name, "Role")]: {
      Type: "AWS::IAM::Role",
      Properties: {
        Description: `What ${name} of ${graph.service} (${stage}) may do`,
        AssumeRolePolicyDocument: {
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
        },
        Policies: [
          {
            PolicyName: "uses",
            PolicyDocument: {
              Version: "2012-10-17",
              Statement: [
                ...statements.map(({ actions, resource }) => ({
                  Effect: "Allow",
                  Action: [...actions],
                  Resource: resource,
                })),
                ...writtenStatements(name, input),
              ],
            },
          },
        ],
      },
    },
    [logical(name, "Function")]: {
      Type: "AWS::Lambda::Function",
      Properties: {
        FunctionName: functionName,
        Runtime: `nodejs${node}.x`,
        Architectures: [own?.architecture ?? architecture],
        Handler: "index.handler",
        Code: {
          S3Bucket: ref("ArtifactBucket"),
          S3Key: `${graph.service}/${stage}/${name}-${archives[name] ?? ""}.zip`,
        },
        MemorySize: own?.memorySize ?? memory,
        Timeout: own?.timeout ?? timeout,
        ...(own?.reservedConcurrency !== undefined && { ReservedConcurrentExecutions: own.reservedConcurrency }),
        ...(own?.ephemeralStorageSize !== undefined && { EphemeralStorage: { Size: own.ephemeralStorageSize } }),
        Role: attribute(logical(name, "Role"), "Arn"),
        Environment: { Variables: environmentOf(name, input) },
        // Lines are JSON already: the runtime would wrap each in another.
        LoggingConfig: { LogFormat: "Text", LogGroup: ref(logical(name, "LogGroup")) },
        TracingConfig: { Mode: "PassThrough" },
      },
    },
  };
}

/** What the manifest says, and where the components and the inbox are. */
function environmentOf(name: string, input: StackInput): Json {
  const { graph, environment, aws } = input;
  const one = graph.functions.find((each) => each.name === name);
  const said = { ...environment, ...aws?.environment, ...one?.section?.environment };
  const own = Object.entries(said).map(([key, value]): [string, Json] => [key, toJson(value)]);
  const needed = new Set(graph.grants.filter((grant) => grant.function === name).map(({ component }) => component));
  if (one?.on.kind === "topic") needed.add(one.on.pubsub);
  const located = graph.components
    .filter((component) => needed.has(component.name) || isStoreOf(component.name, needed, input))
    .flatMap((component) =>
      Object.values(component.metadata).flatMap((value): [string, Json][] =>
        typeof value === "object" && "env" in value && value.env === variableOf(component.block, component.name)
          ? [[value.env, valueOf(component, input)]]
          : [],
      ),
    );
  const place = one && inboxOf(one, input);
  const inbox: [string, Json][] = place ? [[variableOf("inbox", name), place.url]] : [];
  const delivery: [string, Json][] = one?.on.kind === "topic" ? [["FAASTEN_SNS_DELIVERY", "raw"]] : [];
  return Object.fromEntries([...own, ...located, ...inbox, ...delivery]);
}

/** A secret store that a needed component names. */
function isStoreOf(store: string, needed: ReadonlySet<string>, { graph }: StackInput): boolean {
  return graph.components.some(
    ({ name, metadata }) =>
      needed.has(name) &&
      Object.values(metadata).some((value) => typeof value === "object" && "store" in value && value.store === store),
  );
}
