// Where a component's resource is: made by this stack, or named by its YAML.
import { FaastenError, type GraphComponent, kebab, type StackInput, written } from "../../../src/provider.ts";
import { attribute, join, label, physical, project, type Text } from "./template.ts";

/** `undefined`: the project that the stack is deployed to. */
export function projectOf(component: GraphComponent, input: StackInput): string | undefined {
  return written(component, "project_id", input) ?? written(component, "projectId", input);
}

/** A collection of documents, and the database that it lies in. */
export interface Place {
  readonly project: string | undefined;
  readonly database: string;
  readonly collection: string;
}

export function placeOf(component: GraphComponent, input: StackInput): Place {
  const said = written(component, "collection", input);
  const database = written(component, "database", input);
  // Both become a part of a condition's language.
  for (const [field, text] of Object.entries({ collection: said, database, project_id: projectOf(component, input) }))
    if (text !== undefined && /["\\\s]/.test(text)) {
      const message = `the component ${component.name}: its \`${field}\` holds a quote, a backslash or white space, and no name of Google's does`;
      throw new FaastenError("INVALID", message);
    }
  const [, inProject, inDatabase, collection] =
    /^projects\/([^/]+)\/databases\/([^/]+)\/documents\/([^/]+)$/.exec(said ?? "") ?? [];
  if (inProject !== undefined && inDatabase !== undefined && collection !== undefined)
    return { project: inProject, database: inDatabase, collection };
  const own = projectOf(component, input);
  // As the component reads a bare name.
  if (said !== undefined) return { project: own, database: database ?? "(default)", collection: said };
  return { project: own, database: database ?? ownDatabase(input), collection: physical(input, component.name, 255) };
}

/** One for all state of an app's stage, where the YAML names no other. */
export function ownDatabase({ graph, stage }: StackInput): string {
  return physical({ graph, stage }, "state", 63);
}

/** Every project has that one or not, whatever this stack says. */
export function isDatabaseMade(component: GraphComponent, input: StackInput): boolean {
  const place = placeOf(component, input);
  const path = written(component, "collection", input)?.includes("/") === true;
  return !component.existing && !path && place.project === undefined && place.database !== "(default)";
}

/** What the name of a topic comes after. */
export function topicPrefix(component: GraphComponent, input: StackInput): Text {
  return (
    written(component, "topicPrefix", input) ??
    join("projects/", projectOf(component, input) ?? project, `/topics/${ownPrefix(input)}`)
  );
}

export function areTopicsMade(component: GraphComponent, input: StackInput): boolean {
  const elsewhere = written(component, "topicPrefix", input) ?? projectOf(component, input);
  return component.type === "pubsub.gcp.pubsub" && !component.existing && elsewhere === undefined;
}

/** Its whole path. A publisher puts prefix and name together, so it is never cut. */
export function topicPath(component: GraphComponent, topic: string, input: StackInput): Text {
  if (areTopicsMade(component, input)) return attribute("google_pubsub_topic", topicLabel(component, topic), "id");
  return join(topicPrefix(component, input), kebab(topic));
}

export function topicLabel({ name }: GraphComponent, topic: string): string {
  return label("topic", name, topic);
}

export function topicName(topic: string, input: StackInput): string {
  return `${ownPrefix(input)}${kebab(topic)}`;
}

/** A bucket's, or a topic's of a binding. */
export function isBindingMade(component: GraphComponent, field: "bucket" | "topic", input: StackInput): boolean {
  return (
    !component.existing &&
    written(component, field, input) === undefined &&
    projectOf(component, input) === undefined &&
    component.type === (field === "bucket" ? "bindings.gcp.bucket" : "bindings.gcp.pubsub")
  );
}

/** Names of buckets are the whole world's: a project's own, which is at most 30 long, keeps them apart. */
export function bucketName(component: GraphComponent, input: StackInput): Text {
  return written(component, "bucket", input) ?? join(project, `-${physical(input, component.name, 32)}`);
}

/** Of one that is made here, the resource's own: whoever names it waits for it. */
export function bucketPath(component: GraphComponent, input: StackInput): Text {
  if (isBindingMade(component, "bucket", input))
    return attribute("google_storage_bucket", label(component.name), "name");
  return bucketName(component, input);
}

export function bindingPath(component: GraphComponent, input: StackInput): Text {
  if (isBindingMade(component, "topic", input)) return attribute("google_pubsub_topic", label(component.name), "id");
  return bindingTopic(component, input);
}

export function bindingTopic(component: GraphComponent, input: StackInput): Text {
  const said = written(component, "topic", input);
  if (said?.includes("/")) return said;
  const name = said ?? physical(input, component.name, 255);
  return join("projects/", projectOf(component, input) ?? project, `/topics/${name}`);
}

/** What the names of its secrets or parameters begin with, after the project. */
export function prefixOf(
  component: GraphComponent,
  input: StackInput,
): { readonly project: Text; readonly prefix: string } {
  const said = written(component, "prefix", input);
  const [, inProject, prefix] =
    /^projects\/([^/]+)\/(?:secrets|locations\/global\/parameters)\/([^/]*)$/.exec(said ?? "") ?? [];
  if (inProject !== undefined && prefix !== undefined) return { project: inProject, prefix };
  return { project: projectOf(component, input) ?? project, prefix: said ?? ownPrefix(input) };
}

/** The functions of another app, by the name that its own stack gives their service. */
export function serviceOf({ name }: GraphComponent, { graph, stage }: StackInput): string {
  return physical({ graph: { ...graph, service: kebab(name) }, stage }, "http", mostService);
}

/** With a project's number behind it, a name of Cloud Run's has to fit into one part of an address. */
export const mostService = 49;

/** What a component reads as its address. */
export function valueOf(component: GraphComponent, input: StackInput): Text {
  switch (component.type) {
    case "state.gcp.firestore.native": {
      const place = placeOf(component, input);
      return join("projects/", place.project ?? project, `/databases/${place.database}/documents/${place.collection}`);
    }
    case "pubsub.gcp.pubsub":
      return topicPrefix(component, input);
    case "bindings.gcp.bucket":
      return bucketName(component, input);
    case "bindings.gcp.pubsub":
      return bindingTopic(component, input);
    case "secretstores.gcp.secretmanager": {
      const { project: of, prefix } = prefixOf(component, input);
      return join("projects/", of, `/secrets/${prefix}`);
    }
    case "configuration.gcp.parametermanager": {
      const { project: of, prefix } = prefixOf(component, input);
      return join("projects/", of, `/locations/global/parameters/${prefix}`);
    }
    case "invocation.gcp.http":
      return attribute("data.google_cloudfunctions2_function", label(component.name), "service_config[0].uri");
  }
  return ownPrefix(input);
}

function ownPrefix({ graph, stage }: StackInput): string {
  return `${graph.service}-${stage}-`;
}
