// An emitted template of CloudFormation, made real as far as the servers here go: tables, buckets, topics, queues and subscriptions
// are created as it says; environments, mappings and policies are read out of it.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { FauxqsServer } from "fauxqs";

export const region = "eu-west-1";
export const account = "000000000000";

type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json };
type Properties = { readonly [name: string]: Json };

export interface Template {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties?: Properties }>>;
}

/** One statement of a role. */
export interface Allowed {
  readonly actions: readonly string[];
  readonly resource: string;
}

export interface DeployedMapping {
  readonly function: string;
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly batchSize: number;
}

export interface Deployed {
  /** Of the function of that physical name. */
  environmentOf(functionName: string): Readonly<Record<string, string>>;
  policyOf(functionName: string): readonly Allowed[];
  readonly functions: readonly string[];
  readonly mappings: readonly DeployedMapping[];
}

export interface DeployOptions {
  readonly dynamodb: string;
  readonly fauxqs: FauxqsServer;
  createBucket(name: string): void;
  /** Under which functions find the queues. */
  readonly queues: string;
  /** Seconds, in place of the template's own, which no test waits for. */
  readonly visibility: number;
}

export async function deploy({ Resources }: Template, options: DeployOptions): Promise<Deployed> {
  const { dynamodb, fauxqs, queues, visibility } = options;
  const all = Object.entries(Resources).map(([logical, { Type, Properties = {} }]) => ({ logical, Type, Properties }));
  const of = (type: string) => all.filter(({ Type }) => Type === type);

  /** As text; what a template makes of other kinds is not asked for here. */
  function text(value: Json | undefined): string {
    if (typeof value !== "object") return String(value);
    const { Ref, "Fn::GetAtt": attribute, "Fn::Join": join } = value as Properties;
    if (typeof Ref === "string") return pseudo[Ref] ?? refOf(Ref);
    if (Array.isArray(join)) return (join[1] as readonly Json[]).map(text).join(String(join[0]));
    if (Array.isArray(attribute) && attribute[1] === "Arn") return arnOf(String(attribute[0]));
    throw new Error(`this is not understood: ${JSON.stringify(value)}`);
  }

  function refOf(logical: string): string {
    const { Type, Properties = {} } = Resources[logical] ?? { Type: "nothing" };
    if (Type === "AWS::S3::Bucket") return text(Properties["BucketName"]);
    if (Type === "AWS::DynamoDB::Table") return text(Properties["TableName"]);
    if (Type === "AWS::SQS::Queue") return `${queues}/${account}/${text(Properties["QueueName"])}`;
    if (Type === "AWS::SNS::Topic") return arnOf(logical);
    if (Type === "AWS::Lambda::Function") return text(Properties["FunctionName"]);
    throw new Error(`there is no Ref of ${logical}, which is ${Type}`);
  }

  function arnOf(logical: string): string {
    const { Type, Properties = {} } = Resources[logical] ?? { Type: "nothing" };
    const [service, name] = arns[Type] ?? [];
    if (service === undefined || name === undefined) throw new Error(`there is no ARN of ${logical}, which is ${Type}`);
    return `arn:aws:${service.replace("$", text(Properties[name]))}`;
  }

  const client = new DynamoDBClient({ endpoint: dynamodb, region, credentials });
  for (const { Properties } of of("AWS::DynamoDB::Table")) {
    const { TableName, AttributeDefinitions, KeySchema, BillingMode } = Properties;
    const input = { TableName, AttributeDefinitions, KeySchema, BillingMode } as never;
    await client.send(new CreateTableCommand(input));
  }
  client.destroy();
  for (const { Properties } of of("AWS::S3::Bucket")) options.createBucket(text(Properties["BucketName"]));
  for (const { Properties } of of("AWS::SNS::Topic")) fauxqs.createTopic(text(Properties["TopicName"]), { region });
  const made = of("AWS::SQS::Queue").sort(
    (a, b) => Number("RedrivePolicy" in a.Properties) - Number("RedrivePolicy" in b.Properties),
  );
  for (const { Properties } of made) {
    const { deadLetterTargetArn, maxReceiveCount } = (Properties["RedrivePolicy"] ?? {}) as Properties;
    const redrive = deadLetterTargetArn && {
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: text(deadLetterTargetArn), maxReceiveCount }),
    };
    const attributes = { VisibilityTimeout: String(visibility), ...redrive };
    fauxqs.createQueue(text(Properties["QueueName"]), { region, attributes });
  }
  for (const { Properties } of of("AWS::SNS::Subscription"))
    fauxqs.subscribe({
      topic: lastOf(text(Properties["TopicArn"])),
      queue: lastOf(text(Properties["Endpoint"])),
      region,
      attributes: { RawMessageDelivery: String(Properties["RawMessageDelivery"]) },
    });

  const functions = new Map(
    of("AWS::Lambda::Function").map(({ Properties }) => [text(Properties["FunctionName"]), Properties]),
  );
  const named = (name: string): Properties => functions.get(name) ?? {};
  return {
    functions: [...functions.keys()],
    environmentOf(name) {
      const { Variables } = (named(name)["Environment"] ?? {}) as Properties;
      return Object.fromEntries(Object.entries(Variables ?? {}).map(([variable, value]) => [variable, text(value)]));
    },
    policyOf(name) {
      const role = (named(name)["Role"] as unknown as { "Fn::GetAtt": [string] })["Fn::GetAtt"][0];
      const { Policies = [] } = Resources[role]?.Properties ?? {};
      return (Policies as unknown as readonly Policy[]).flatMap(({ PolicyDocument: { Statement } }) =>
        Statement.map(({ Action, Resource }) => ({ actions: Action, resource: text(Resource) })),
      );
    },
    mappings: of("AWS::Lambda::EventSourceMapping").map(({ Properties }) => {
      const queueArn = text(Properties["EventSourceArn"]);
      return {
        function: text(Properties["FunctionName"]),
        queueArn,
        queueUrl: `${queues}/${account}/${lastOf(queueArn)}`,
        batchSize: Number(Properties["BatchSize"]),
      };
    }),
  };
}

export const credentials = { accessKeyId: "test", secretAccessKey: "secret" } as const;

interface Policy {
  readonly PolicyDocument: {
    readonly Statement: readonly { readonly Action: readonly string[]; readonly Resource: Json }[];
  };
}

const pseudo: Readonly<Record<string, string>> = {
  "AWS::Partition": "aws",
  "AWS::Region": region,
  "AWS::AccountId": account,
};

/** Type → its ARN behind `arn:aws:`, and the property that stands for `$`. */
const arns: Readonly<Record<string, readonly [string, string]>> = {
  "AWS::DynamoDB::Table": [`dynamodb:${region}:${account}:table/$`, "TableName"],
  "AWS::S3::Bucket": ["s3:::$", "BucketName"],
  "AWS::SQS::Queue": [`sqs:${region}:${account}:$`, "QueueName"],
  "AWS::SNS::Topic": [`sns:${region}:${account}:$`, "TopicName"],
  "AWS::Lambda::Function": [`lambda:${region}:${account}:function:$`, "FunctionName"],
  "AWS::Logs::LogGroup": [`logs:${region}:${account}:log-group:$:*`, "LogGroupName"],
};

function lastOf(arn: string): string {
  return arn.slice(arn.lastIndexOf(":") + 1);
}
