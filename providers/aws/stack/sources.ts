// What calls the handlers of a serverless.yml's `functions:` natively: queues, streams, topics, buses, buckets and load balancers that it names.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html
import { FaastenError, type GraphFunction, type StackInput } from "../../../src/provider.ts";
import { queueName } from "./locations.ts";
import { balancerResources, ruleResources, snsResources } from "./pushes.ts";
import { type Settings, settingsOf } from "./settings.ts";
import { deadQueue } from "./stores.ts";
import { attribute, type Json, logical, type Resources, ref, toJson } from "./template.ts";

/** What somebody may do, and why. */
export interface Reason {
  readonly actions: readonly string[];
  readonly resource: Json;
  readonly because: string;
}

export function sourceResources(one: GraphFunction, input: StackInput): Resources {
  const source = sourceOf(one, input);
  if (!source) return {};
  const { name } = one;
  return {
    ...source.resources,
    ...(isAsynchronous(one) && {
      [logical(name, "InboxDead")]: deadQueue(queueName(name, { dead: true, ordered: false }, input), false),
      [logical(name, "Retries")]: retries(name),
    }),
  };
}

export function sourceStatements(one: GraphFunction, input: StackInput): readonly Reason[] {
  return sourceOf(one, input)?.statements ?? [];
}

/** Lambda takes the event, answers at once, and repeats by itself what then fails. */
export function isAsynchronous({ section }: GraphFunction): boolean {
  return Object.keys(section?.event ?? {}).some((kind) => ["sns", "eventBridge", "s3"].includes(kind));
}

/** Of what is called asynchronously: so often more within the hour, twice at most, and then among the dead letters. */
export function retries(name: string, more = 2): Resources[string] {
  return {
    Type: "AWS::Lambda::EventInvokeConfig",
    DependsOn: [logical(name, "Role")],
    Properties: {
      FunctionName: ref(logical(name, "Function")),
      Qualifier: "$LATEST",
      MaximumRetryAttempts: more,
      MaximumEventAgeInSeconds: 3600,
      DestinationConfig: { OnFailure: { Destination: attribute(logical(name, "InboxDead"), "Arn") } },
    },
  };
}

/** What Lambda does in the function's name when it polls a queue for it. */
export const takeFromQueue: readonly string[] = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];

interface Source {
  readonly resources: Resources;
  readonly statements: readonly Reason[];
}

function sourceOf(one: GraphFunction, input: StackInput): Source | undefined {
  if (one.on.kind !== "native" || !one.section) return undefined;
  const [[kind, written] = ["", undefined]] = Object.entries(one.section.event);
  const settings = settingsOf(kind, toJson(written));
  switch (kind) {
    case "sqs":
      return queue(one.name, settings);
    case "stream":
      return stream(one, settings);
    case "sns":
      return { resources: snsResources(one.name, settings), statements: [] };
    case "eventBridge":
      return { resources: ruleResources(one.name, settings), statements: [] };
    case "alb":
      return { resources: balancerResources(one, settings, input), statements: [] };
    // Those of one bucket are made together: `bucketResources`.
    case "s3":
      return { resources: {}, statements: [] };
    case "invoke":
      return undefined;
  }
  const message = `${one.name} (${one.file}:${one.line}): the stack makes no \`${kind}\` events: deploy this function by other means, or give it another event`;
  throw new FaastenError("UNSUPPORTED", message);
}

function queue(name: string, settings: Settings): Source {
  const source = settings["arn"] ?? "";
  const concurrency = settings["maximumConcurrency"];
  return {
    resources: {
      [logical(name, "Mapping")]: mapping(name, source, settings, {
        BatchSize: settings["batchSize"] ?? 10,
        ...(concurrency !== undefined && { ScalingConfig: { MaximumConcurrency: concurrency } }),
      }),
    },
    statements: [{ actions: takeFromQueue, resource: source, because: `Lambda takes from the queue for ${name}` }],
  };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html */
function stream({ name, file, line }: GraphFunction, settings: Settings): Source {
  const source = settings["arn"] ?? "";
  const kind = settings["type"] ?? (JSON.stringify(source).includes("kinesis") ? "kinesis" : "dynamodb");
  for (const key of ["consumer", "destinations"])
    if (settings[key] !== undefined && settings[key] !== false) {
      const message = `${name} (${file}:${line}): the stack makes no \`${key}\` of a stream: deploy this function by other means, or leave it out`;
      throw new FaastenError("UNSUPPORTED", message);
    }
  const own: [string, string][] = [
    ["parallelizationFactor", "ParallelizationFactor"],
    ["maximumRetryAttempts", "MaximumRetryAttempts"],
    ["maximumRecordAgeInSeconds", "MaximumRecordAgeInSeconds"],
    ["bisectBatchOnFunctionError", "BisectBatchOnFunctionError"],
    ["tumblingWindowInSeconds", "TumblingWindowInSeconds"],
    ["startingPositionTimestamp", "StartingPositionTimestamp"],
  ];
  const kept = own.flatMap(([key, property]) => {
    const value = settings[key];
    return value === undefined ? [] : [[property, value] as const];
  });
  return {
    resources: {
      [logical(name, "Mapping")]: mapping(
        name,
        source,
        { ...settings, maximumBatchingWindow: settings["batchWindow"] ?? 0 },
        {
          BatchSize: settings["batchSize"] ?? 10,
          StartingPosition: settings["startingPosition"] ?? "TRIM_HORIZON",
          ...Object.fromEntries(kept),
        },
      ),
    },
    statements: [
      {
        actions: kind === "kinesis" ? readKinesis : readTableStream,
        resource: source,
        because: `Lambda reads the stream for ${name}`,
      },
    ],
  };
}

const readTableStream = [
  "dynamodb:DescribeStream",
  "dynamodb:GetRecords",
  "dynamodb:GetShardIterator",
  "dynamodb:ListStreams",
];
const readKinesis = [
  ...["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator"],
  ...["kinesis:ListShards", "kinesis:ListStreams"],
];

/** Of a batch Lambda reads failures only if told so. */
function mapping(name: string, source: Json, settings: Settings, own: Settings): Resources[string] {
  const { functionResponseType, maximumBatchingWindow, filterPatterns, enabled } = settings;
  return {
    Type: "AWS::Lambda::EventSourceMapping",
    DependsOn: [logical(name, "Role")],
    Properties: {
      FunctionName: ref(logical(name, "Function")),
      EventSourceArn: source,
      ...own,
      ...(maximumBatchingWindow !== undefined && { MaximumBatchingWindowInSeconds: maximumBatchingWindow }),
      ...(functionResponseType !== undefined && { FunctionResponseTypes: [functionResponseType] }),
      ...(Array.isArray(filterPatterns) && {
        FilterCriteria: { Filters: filterPatterns.map((pattern) => ({ Pattern: JSON.stringify(pattern) })) },
      }),
      Enabled: enabled ?? true,
    },
  };
}
