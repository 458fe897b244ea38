// What each deployable may do, from its grants, its trigger and its inbox: one binding a right and resource, on the resource
// itself where the service has policies of its own.
// https://docs.cloud.google.com/iam/docs/conditions-resource-attributes
import { FaastenError, type GraphComponent, type Permission, type StackInput, written } from "../../../src/provider.ts";
import { functionsOf, inboxName, isWeb, memberOf, pusherOf } from "./functions.ts";
import {
  bindingPath,
  bucketPath,
  isDatabaseMade,
  placeOf,
  prefixOf,
  projectOf,
  serviceOf,
  topicLabel,
  topicPath,
} from "./locations.ts";
import { type Right, rightOf, secretRight, signRight } from "./rights.ts";
import { databaseLabel } from "./stores.ts";
import {
  attribute,
  type Body,
  code,
  join,
  label,
  madeBy,
  physical,
  project,
  type Resources,
  region,
  render,
  type Text,
} from "./template.ts";

/** One right of one deployable on one resource. */
export interface Binding {
  readonly deployable: string;
  readonly right: Right;
  readonly because: readonly string[];
  /** What the policy lies on: a resource of Terraform's, and the arguments that say of what. */
  readonly type: string;
  readonly on: Body;
  /** Tells it apart among those of one role and deployable: a label that moves would take the right away for a while. */
  readonly key: string;
  /** Of another project's, Google's own role. */
  readonly foreign: boolean;
  /** What it is on, for whoever reads. */
  readonly resource: Text;
}

/** All that one deployable needs; what several of its functions ask for is one binding. */
export function bindingsOf(name: string, input: StackInput): readonly Binding[] {
  const { graph } = input;
  const own = functionsOf(name, input).map((one) => one.name);
  const asked: Binding[] = [];
  const componentOf = (component: string): GraphComponent | undefined =>
    graph.components.find((each) => each.name === component);
  const add = (right: Right, target: Target | undefined, because: string): void => {
    if (target) asked.push({ deployable: name, right, because: [because], ...target });
  };
  for (const grant of graph.grants) {
    const component = componentOf(grant.component);
    if (!component || !own.includes(grant.function) || hasAccount(component)) continue;
    const right = rightOf(component.type, grant);
    if (!right) {
      if (!component.type.includes(".gcp.")) continue;
      const message = `${component.name}: the stack of Google Cloud has no permissions for ${component.block} of type ${component.type}`;
      throw new FaastenError("UNSUPPORTED", message);
    }
    const what = grant.resource === undefined ? "" : ` (${grant.resource})`;
    const which = grant.operations ? `: ${grant.operations.join(", ")}` : "";
    const because = `${grant.function} may ${grant.right} ${component.name}${what}${which}`;
    add(right, targetOf(component, grant.resource ?? "", input), because);
    if (component.type === "bindings.gcp.bucket" && grant.operations?.includes("presign"))
      add(signRight, itself(name), `${grant.function} signs addresses of ${component.name}`);
  }
  const needed = new Set(
    graph.grants.filter((grant) => own.includes(grant.function)).map(({ component }) => component),
  );
  for (const one of functionsOf(name, input)) {
    if (one.on.kind !== "topic") continue;
    needed.add(one.on.pubsub);
    const broker = componentOf(one.on.pubsub);
    const right = broker && !hasAccount(broker) ? rightOf(broker.type, { right: "publish" }) : undefined;
    if (right) add(right, deadLetters(one.name, input), `${one.name} buries what it cannot handle`);
  }
  for (const component of graph.components)
    if (needed.has(component.name))
      for (const value of Object.values(component.metadata)) {
        if (typeof value === "string" || !("store" in value)) continue;
        const store = componentOf(value.store);
        if (store?.type !== "secretstores.gcp.secretmanager") continue;
        add(
          secretRight,
          targetOf(store, value.secret, input),
          `${component.name} of ${name} reads its own secret ${value.secret}`,
        );
      }
  return merged(asked);
}

function merged(asked: readonly Binding[]): readonly Binding[] {
  const all = new Map<string, Binding>();
  for (const binding of asked) {
    const key = JSON.stringify([binding.type, render(binding.on), binding.right.permissions]);
    const because = [...new Set([...(all.get(key)?.because ?? []), ...binding.because])];
    all.set(key, { ...binding, because });
  }
  return [...all.values()];
}

/** It calls as somebody else, who has the rights that others gave. */
function hasAccount({ metadata }: GraphComponent): boolean {
  return Object.keys(metadata).some((field) => /^client_?email$/i.test(field));
}

type Target = Pick<Binding, "type" | "on" | "key" | "foreign" | "resource">;

function targetOf(component: GraphComponent, resource: string, input: StackInput): Target | undefined {
  const foreign = projectOf(component, input) !== undefined;
  switch (component.type) {
    case "state.gcp.firestore.native": {
      const place = placeOf(component, input);
      const of = place.project ?? project;
      const name = isDatabaseMade(component, input)
        ? attribute("google_firestore_database", databaseLabel(place.database), "name")
        : place.database;
      const path = join("projects/", of, "/databases/", name);
      return {
        ...inProject(`state--${marked(`${place.project ?? ""}${place.database}`)}`, of, path, {
          title: `${place.database} alone`,
          expression: join('resource.name == "', path, '"'),
        }),
        foreign: place.project !== undefined,
      };
    }
    case "pubsub.gcp.pubsub":
      return onTopic(topicLabel(component, resource), topicPath(component, resource, input));
    case "bindings.gcp.pubsub":
      return onTopic(component.name, bindingPath(component, input));
    case "bindings.gcp.bucket": {
      const bucket = bucketPath(component, input);
      return {
        type: "google_storage_bucket_iam_member",
        on: { bucket },
        key: component.name,
        foreign,
        resource: bucket,
      };
    }
    case "secretstores.gcp.secretmanager": {
      const { project: of, prefix } = prefixOf(component, input);
      checkSecret(`${prefix}${resource}`, component);
      const path = join("projects/", of, `/secrets/${prefix}${resource}`);
      return {
        type: "google_secret_manager_secret_iam_member",
        on: { secret_id: path, depends_on: madeBy("secretmanager") },
        key: `${component.name}--${marked(resource)}`,
        foreign: false,
        resource: path,
      };
    }
    // Its service knows neither policies of its own nor conditions on names.
    case "configuration.gcp.parametermanager": {
      const { project: of } = prefixOf(component, input);
      const found = inProject(component.name, of, join("projects/", of));
      return { ...found, on: { ...found.on, depends_on: madeBy("parametermanager") }, foreign: typeof of === "string" };
    }
    case "invocation.gcp.http": {
      if (written(component, "baseUrl", input) !== undefined) return undefined;
      const name = attribute("data.google_cloudfunctions2_function", label(component.name), "name");
      const type = "google_cloud_run_v2_service_iam_member";
      return {
        type,
        on: { name, location: region },
        key: component.name,
        foreign: false,
        resource: serviceOf(component, input),
      };
    }
  }
  return undefined;
}

function inProject(
  key: string,
  of: Text,
  resource: Text,
  condition?: { readonly title: string; readonly expression: Text },
): Target {
  const on = { project: of, ...(condition && { condition }) };
  return { type: "google_project_iam_member", on, key, foreign: false, resource };
}

function onTopic(key: string, topic: Text): Target {
  return { type: "google_pubsub_topic_iam_member", on: { topic }, key, foreign: false, resource: topic };
}

function deadLetters(name: string, input: StackInput): Target {
  return {
    ...onTopic(label(name, "dead"), attribute("google_pubsub_topic", label(name, "dead"), "id")),
    resource: `${inboxName(name, input)}-dead`,
  };
}

function itself(name: string): Target {
  const service_account_id = attribute("google_service_account", label(name), "id");
  return {
    type: "google_service_account_iam_member",
    on: { service_account_id, depends_on: madeBy("iamcredentials") },
    key: "itself",
    foreign: false,
    resource: service_account_id,
  };
}

/** https://docs.cloud.google.com/secret-manager/docs/creating-and-accessing-secrets */
function checkSecret(name: string, { name: store }: GraphComponent): void {
  if (/^[\w-]{1,255}$/.test(name)) return;
  const message = `the secret ${JSON.stringify(name)} of ${store}: Secret Manager takes 1 to 255 letters, digits, dashes and underscores`;
  throw new FaastenError("INVALID", message);
}

/** As labels hold it, where there is no rule of ours that keeps two of them apart. */
function marked(name: string): string {
  if (/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) return name;
  const { createHash } = process.getBuiltinModule("node:crypto");
  return `${name.replace(/[^a-zA-Z0-9]+/g, "-")}-${createHash("sha256").update(name).digest("hex").slice(0, 8)}`;
}

/** The bindings, and the roles of ours that they name. */
export function policyResources(bindings: readonly Binding[], input: StackInput): Resources {
  const all: Record<string, Record<string, Body>> = {};
  const put = (type: string, name: string, body: Body): void => {
    all[type] ??= {};
    all[type][name] = body;
  };
  for (const { deployable, right, type, on, key, foreign } of bindings) {
    put(type, label(deployable, nameOf(right), key), {
      ...on,
      role: roleOf(right, foreign),
      member: memberOf(deployable),
    });
    if (typeof right.role === "string" || foreign) continue;
    put("google_project_iam_custom_role", label(right.role.name), {
      role_id: physical(input, right.role.name, 64).replaceAll("-", "_"),
      title: physical(input, right.role.name, 100),
      description: `Of functions of ${input.graph.service} (${input.stage})`,
      permissions: [...right.permissions],
      depends_on: madeBy("iam"),
    });
  }
  return all;
}

function nameOf({ role }: Right): string {
  return typeof role === "string" ? role.replace("roles/", "") : role.name;
}

function roleOf({ role }: Right, foreign: boolean): Text {
  if (typeof role === "string") return role;
  return foreign ? role.wider : code(`google_project_iam_custom_role.${label(role.name)}.name`);
}

export function permissionsOf(bindings: readonly Binding[]): readonly Permission[] {
  return bindings.map(({ deployable, right, resource, because, foreign }) => ({
    deployable,
    actions: foreign && typeof right.role === "object" ? [right.role.wider] : right.permissions,
    resource: String(render(resource)),
    because,
  }));
}

/** Of those who are not deployables: each subscription's and job's own identity, which calls its function and nothing else. */
export function pusherPermissions(name: string, input: StackInput): readonly Permission[] {
  if (isWeb(name, input)) return [];
  const pusher = String(render(pusherOf(name)));
  return [
    {
      deployable: name,
      actions: ["run.routes.invoke"],
      resource: name,
      because: [`${pusher} calls ${name}, and nobody else may`],
    },
  ];
}

/** Other apps' services, whose addresses are known once they are deployed. */
export function otherServices(input: StackInput): Readonly<Record<string, Body>> {
  const called = input.graph.components.filter(
    (component) => component.type === "invocation.gcp.http" && written(component, "baseUrl", input) === undefined,
  );
  return Object.fromEntries(
    called.map((component) => [label(component.name), { name: serviceOf(component, input), location: region }]),
  );
}
