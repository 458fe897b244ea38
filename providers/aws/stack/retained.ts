// What is left of a stack once its app is removed: what holds data, in the same stack, so that the next deployment has it again.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
import { isMap, type Json, type Resource } from "./template.ts";

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Parameters?: Readonly<Record<string, Json>>;
  readonly Conditions?: Readonly<Record<string, Json>>;
  readonly Mappings?: Json;
}

/** Whether it is lost with what it holds: it says so itself, or its kind does. */
export function holdsData({
  Type,
  DeletionPolicy,
}: Pick<Resource, "Type"> & { readonly DeletionPolicy?: string }): boolean {
  return DeletionPolicy?.startsWith("Retain") === true || kinds.includes(Type);
}

/** Of the manifest's `resources`, which may say nothing of what becomes of them. */
const kinds: readonly string[] = [
  ...["AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable", "AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::SNS::Topic"],
  ...["AWS::Kinesis::Stream", "AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::EFS::FileSystem"],
  ...["AWS::SecretsManager::Secret", "AWS::SSM::Parameter", "AWS::KMS::Key", "AWS::Cognito::UserPool"],
  ...["AWS::OpenSearchService::Domain", "AWS::ElastiCache::ReplicationGroup", "AWS::Timestream::Table"],
];

/** `undefined`: nothing is. What such a resource refers to stays with it, but not who is told of its changes. */
export function retainedOf(template: Template): Template | undefined {
  const { Resources, Parameters = {}, Conditions, Mappings } = template;
  const kept: Record<string, Resource> = {};
  const keep = (name: string): void => {
    const resource = Object.hasOwn(Resources, name) ? Resources[name] : undefined;
    if (!resource || Object.hasOwn(kept, name)) return;
    const { DependsOn: _, Properties, ...rest } = resource;
    const quiet = Properties === undefined ? {} : { Properties: withoutListeners(Properties) };
    kept[name] = { ...rest, ...quiet };
    for (const other of referencesOf(quiet.Properties ?? {})) keep(other);
  };
  for (const [name, resource] of Object.entries(Resources)) if (holdsData(resource)) keep(name);
  if (Object.keys(kept).length === 0) return undefined;
  const used = new Set(Object.values(kept).flatMap(({ Properties = {} }) => [...referencesOf(Properties)]));
  const parameters = Object.entries(Parameters).filter(([name]) => used.has(name));
  return {
    ...(parameters.length > 0 && { Parameters: Object.fromEntries(parameters) }),
    ...(Conditions && { Conditions }),
    ...(Mappings !== undefined && { Mappings }),
    Resources: kept,
  };
}

function withoutListeners(properties: Json): Json {
  if (!isMap(properties)) return properties;
  const { NotificationConfiguration: _, ...others } = properties;
  return others;
}

function* referencesOf(value: Json): Generator<string> {
  if (typeof value === "string") {
    for (const [, name = ""] of value.matchAll(/\$\{([A-Za-z0-9]+)(?:\.[^}]*)?\}/g)) yield name;
    return;
  }
  if (typeof value !== "object") return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === "Ref" && typeof inner === "string") yield inner;
    else if (key === "Fn::GetAtt") yield String(Array.isArray(inner) ? inner[0] : inner).split(".")[0] ?? "";
    else yield* referencesOf(inner);
  }
}
