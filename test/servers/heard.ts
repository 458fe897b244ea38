// What a call on the wire asks of AWS: who asks, by which action, of which resource, as a policy would name them.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
import { account, region } from "./deployed.ts";
import type { Heard } from "./faults.ts";

export interface Asked {
  /** The access key that signed it. */
  readonly by: string;
  readonly action: string;
  readonly resource: string;
}

/** Several, where one request touches several things. */
export function askedBy(heard: Heard): readonly Asked[] {
  const { headers, body } = heard;
  const by = /Credential=([^/]+)\//.exec(headers.authorization ?? "")?.[1] ?? "nobody";
  const all = serviceOf(heard) === "s3" ? [wantOfBucket(heard)] : wants(String(headers["x-amz-target"] ?? ""), body);
  return all.map(([action, resource]) => ({ by, action, resource }));
}

/** Which service is called: `DynamoDB_20120810`, `AmazonSQS`, `AmazonSSM`, `secretsmanager`; of SNS and S3 their signature alone tells. */
export function serviceOf({ headers }: Heard): string {
  const [target = ""] = String(headers["x-amz-target"] ?? "").split(".");
  return target || (/Credential=(?:[^/]+\/){3}([a-z0-9-]+)\//.exec(headers.authorization ?? "")?.[1] ?? "");
}

type Want = readonly [action: string, resource: string];

function wants(target: string, body: string): readonly Want[] {
  if (target === "") {
    const form = new URLSearchParams(body);
    // A batch is allowed by the action of one.
    return [[`sns:${form.get("Action")?.replace("Batch", "")}`, form.get("TopicArn") ?? ""]];
  }
  const [service = "", operation = ""] = target.split(".");
  const input = JSON.parse(body) as Readonly<Record<string, unknown>>;
  if (service.startsWith("DynamoDB_")) return wantsOfTable(operation, input);
  if (service === "AmazonSQS") {
    const name = String(input["QueueUrl"]).split("/").at(-1);
    return [[`sqs:${operation.replace("Batch", "")}`, `arn:aws:sqs:${region}:${account}:${name}`]];
  }
  if (service === "AmazonSSM")
    return (input["Names"] as readonly string[]).map((name) => [
      `ssm:${operation}`,
      `arn:aws:ssm:${region}:${account}:parameter${name}`,
    ]);
  if (service === "secretsmanager")
    return [
      [`secretsmanager:${operation}`, `arn:aws:secretsmanager:${region}:${account}:secret:${input["SecretId"]}-AbCdEf`],
    ];
  return [[`${service}:${operation}`, "unknown"]];
}

/** Path style: the bucket is the first part. */
function wantOfBucket({ method, url }: Heard): Want {
  const [, bucket = "", key = ""] = /^\/([^/?]+)\/?([^?]*)/.exec(url) ?? [];
  if (key === "") return ["s3:ListBucket", `arn:aws:s3:::${bucket}`];
  const actions: Readonly<Record<string, string>> = { PUT: "PutObject", GET: "GetObject", DELETE: "DeleteObject" };
  return [`s3:${actions[method] ?? method}`, `arn:aws:s3:::${bucket}/${decodeURIComponent(key)}`];
}

function wantsOfTable(operation: string, input: Readonly<Record<string, unknown>>): readonly Want[] {
  const at = (table: unknown, action = operation): Want => [
    `dynamodb:${action}`,
    `arn:aws:dynamodb:${region}:${account}:table/${table}`,
  ];
  if (operation === "BatchGetItem") return Object.keys(input["RequestItems"] as object).map((table) => at(table));
  if (operation !== "TransactWriteItems") return [at(input["TableName"])];
  const items = input["TransactItems"] as readonly Readonly<Record<string, { readonly TableName: string }>>[];
  return items.flatMap((item) => Object.entries(item).map(([kind, { TableName }]) => at(TableName, `${kind}Item`)));
}
