// Services that call a handler by themselves: a topic of SNS, a rule of EventBridge, a load balancer, a bucket. Each is allowed to, and no other.
// https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
import { FaastenError, type GraphFunction, type StackInput } from "../../../src/provider.ts";
import { type Settings, settingsOf } from "./settings.ts";
import {
  arn,
  attribute,
  type Json,
  join,
  logical,
  physical,
  type Resources,
  ref,
  retained,
  retainedOnceMade,
  toJson,
} from "./template.ts";

/** A topic that is only named is made, as the framework makes it. */
export function snsResources(name: string, settings: Settings): Resources {
  const {
    arn: written,
    topicName,
    displayName,
    kmsMasterKeyId,
    filterPolicy,
    filterPolicyScope,
    redrivePolicy,
  } = settings;
  const plain = typeof written === "string" && !written.startsWith("arn:") ? written : undefined;
  const made = plain ?? (written === undefined ? topicName : undefined);
  const own = logical(name, "Topic");
  const TopicArn = made === undefined ? (written ?? "") : ref(own);
  return {
    ...(made !== undefined && {
      [own]: {
        Type: "AWS::SNS::Topic",
        ...retainedOnceMade,
        Properties: {
          TopicName: made,
          ...(kmsMasterKeyId !== undefined && { KmsMasterKeyId: kmsMasterKeyId }),
          ...(displayName !== undefined && { DisplayName: displayName }),
        },
      },
    }),
    [logical(name, "Subscription")]: {
      Type: "AWS::SNS::Subscription",
      Properties: {
        Protocol: "lambda",
        TopicArn,
        Endpoint: attribute(logical(name, "Function"), "Arn"),
        ...regionIn(TopicArn),
        ...(filterPolicy !== undefined && {
          FilterPolicy: filterPolicy,
          FilterPolicyScope: filterPolicyScope ?? "MessageAttributes",
        }),
        ...(redrivePolicy !== undefined && { RedrivePolicy: redrivePolicy }),
      },
    },
    [logical(name, "TopicPermission")]: permission(name, "sns.amazonaws.com", TopicArn),
  };
}

/** A subscription is made where its topic is. */
export function regionIn(topicArn: Json): Settings {
  const region = typeof topicArn === "string" ? topicArn.split(":")[3] : undefined;
  return region === undefined || region === "" ? {} : { Region: region };
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html */
export function ruleResources(name: string, settings: Settings): Resources {
  const rule = logical(name, "Rule");
  return {
    [rule]: ruleInto({ id: "function", arn: attribute(logical(name, "Function"), "Arn") }, settings),
    [logical(name, "RulePermission")]: permission(name, "events.amazonaws.com", attribute(rule, "Arn")),
  };
}

/** Whoever it hands its events to has to let it. */
export function ruleInto(target: { readonly id: string; readonly arn: Json }, settings: Settings): Resources[string] {
  const { eventBus, pattern, inputPath, inputTransformer, retryPolicy, deadLetterQueueArn, description } = settings;
  return {
    Type: "AWS::Events::Rule",
    Properties: {
      ...(eventBus !== undefined && { EventBusName: eventBus }),
      ...(description !== undefined && { Description: description }),
      EventPattern: pattern ?? {},
      State: "ENABLED",
      Targets: [
        {
          Id: target.id,
          Arn: target.arn,
          ...(inputPath !== undefined && { InputPath: inputPath }),
          ...(inputTransformer !== undefined && { InputTransformer: capitalised(inputTransformer) }),
          ...(retryPolicy !== undefined && {
            RetryPolicy: {
              MaximumEventAgeInSeconds: valueIn(retryPolicy, "maximumEventAge") ?? 3600,
              MaximumRetryAttempts: valueIn(retryPolicy, "maximumRetryAttempts") ?? 2,
            },
          }),
          ...(deadLetterQueueArn !== undefined && { DeadLetterConfig: { Arn: deadLetterQueueArn } }),
        },
      ],
    },
  };
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html */
export function balancerResources(
  { name, file, line }: GraphFunction,
  settings: Settings,
  input: StackInput,
): Resources {
  const {
    listenerArn,
    priority,
    conditions = {},
    multiValueHeaders,
    healthCheck,
    targetGroupName,
    ...others
  } = settings;
  const [left] = Object.keys(others);
  if (left !== undefined || (healthCheck !== undefined && healthCheck !== false)) {
    const message = `${name} (${file}:${line}): the stack makes no \`${left ?? "healthCheck"}\` of a load balancer: leave it out`;
    throw new FaastenError("UNSUPPORTED", message);
  }
  const targets = typeof targetGroupName === "string" ? targetGroupName : physical(input, name, "", 32);
  return {
    [logical(name, "TargetPermission")]: permission(
      name,
      "elasticloadbalancing.amazonaws.com",
      arn("elasticloadbalancing", `targetgroup/${targets}/*`),
    ),
    [logical(name, "Targets")]: {
      Type: "AWS::ElasticLoadBalancingV2::TargetGroup",
      DependsOn: [logical(name, "TargetPermission")],
      Properties: {
        Name: targets,
        TargetType: "lambda",
        Targets: [{ Id: attribute(logical(name, "Function"), "Arn") }],
        TargetGroupAttributes: [
          { Key: "lambda.multi_value_headers.enabled", Value: String(multiValueHeaders === true) },
        ],
      },
    },
    [logical(name, "ListenerRule")]: {
      Type: "AWS::ElasticLoadBalancingV2::ListenerRule",
      Properties: {
        ListenerArn: listenerArn ?? "",
        Priority: priority ?? 1,
        Conditions: Object.entries(conditions).flatMap(([key, value]) => conditionsOf(key, value)),
        Actions: [{ Type: "forward", TargetGroupArn: ref(logical(name, "Targets")) }],
      },
    },
  };
}

function conditionsOf(key: string, value: Json): readonly Json[] {
  const values = listOf(value);
  switch (key) {
    case "method":
      return [{ Field: "http-request-method", HttpRequestMethodConfig: { Values: values } }];
    case "path":
      return [{ Field: "path-pattern", PathPatternConfig: { Values: values } }];
  }
  throw new FaastenError("UNSUPPORTED", `a load balancer has no condition \`${key}\``);
}

/** Buckets that are only named are made, each with all who hear of its objects. */
export function bucketResources({ graph }: StackInput): Resources {
  const heard = new Map<string, Heard[]>();
  for (const one of graph.functions) {
    const written = one.on.kind === "native" ? one.section?.event["s3"] : undefined;
    if (written === undefined) continue;
    const { bucket = "", event = "s3:ObjectCreated:*", rules = [], existing } = settingsOf("s3", toJson(written));
    if (existing === true || typeof bucket !== "string") {
      const message = `${one.name} (${one.file}:${one.line}): CloudFormation tells nobody of the objects of a bucket that it does not make: name one that the stack makes, or take the event from EventBridge`;
      throw new FaastenError("UNSUPPORTED", message);
    }
    heard.set(bucket, [...(heard.get(bucket) ?? []), { name: one.name, event, rules: listOf(rules) }]);
  }
  return Object.assign({}, ...[...heard].map(([bucket, all]) => bucketOf(bucket, all)));
}

interface Heard {
  readonly name: string;
  readonly event: Json;
  readonly rules: readonly Json[];
}

function bucketOf(bucket: string, all: readonly Heard[]): Resources {
  const permissions = all.map(({ name }) => logical(name, "BucketPermission"));
  const source = join("arn:", ref("AWS::Partition"), `:s3:::${bucket}`);
  return {
    [logical(bucket, "Bucket")]: {
      Type: "AWS::S3::Bucket",
      ...retained,
      // S3 asks whether it may before it takes the notification.
      DependsOn: permissions,
      Properties: {
        BucketName: bucket,
        ...keptBucket,
        NotificationConfiguration: {
          LambdaConfigurations: all.map(({ name, event, rules }) => ({
            Event: event,
            Function: attribute(logical(name, "Function"), "Arn"),
            ...(rules.length > 0 && { Filter: { S3Key: { Rules: rules.flatMap(filterOf) } } }),
          })),
        },
      },
    },
    ...Object.fromEntries(
      all.map(({ name }, index) => [
        permissions[index] ?? "",
        permission(name, "s3.amazonaws.com", source, { SourceAccount: ref("AWS::AccountId") }),
      ]),
    ),
  };
}

/** Nobody else reads what lies in it, and it lies there encrypted. */
export const keptBucket: Settings = {
  BucketEncryption: {
    ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }],
  },
  OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
  PublicAccessBlockConfiguration: {
    BlockPublicAcls: true,
    BlockPublicPolicy: true,
    IgnorePublicAcls: true,
    RestrictPublicBuckets: true,
  },
};

function filterOf(rule: Json): readonly Json[] {
  return Object.entries(Object(rule)).map(([Name, value]) => ({ Name, Value: toJson(value) }));
}

function permission(name: string, Principal: string, SourceArn: Json, more: Settings = {}): Resources[string] {
  return {
    Type: "AWS::Lambda::Permission",
    Properties: {
      FunctionName: ref(logical(name, "Function")),
      Action: "lambda:InvokeFunction",
      Principal,
      SourceArn,
      ...more,
    },
  };
}

function listOf(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : [value];
}

function valueIn(value: Json, key: string): Json | undefined {
  const inner: unknown = Object(value)[key];
  return inner === undefined ? undefined : toJson(inner);
}

/** The framework's names begin small. */
function capitalised(value: Json): Json {
  const entries = Object.entries(Object(value));
  return Object.fromEntries(
    entries.map(([key, inner]) => [`${key.slice(0, 1).toUpperCase()}${key.slice(1)}`, toJson(inner)]),
  );
}
