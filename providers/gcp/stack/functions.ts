// One service of Cloud Run a deployable, built by Cloud Run functions from its archive, with an account of its own.
// https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/cloudfunctions2_function
import { FaastenError, type GraphFunction, type StackInput, variableOf } from "../../../src/provider.ts";
import { mostService, valueOf } from "./locations.ts";
import {
  attribute,
  builder,
  code,
  type Expression,
  join,
  label,
  madeBy,
  physical,
  project,
  projectNumber,
  type Resources,
  region,
  sources,
  type Text,
} from "./template.ts";

const type = "google_cloudfunctions2_function";

export function functionResources(name: string, input: StackInput): Resources {
  const { node, archives, graph, stage } = input;
  const { memory, timeout } = limitsOf(name, input);
  const open = isWeb(name, input);
  const described = { description: `Runs ${name} of ${graph.service} (${stage})` };
  return {
    google_service_account: {
      [label(name)]: {
        account_id: physical(input, name, 30, 6),
        display_name: physical(input, name, 100),
        ...described,
        depends_on: madeBy("iam"),
      },
    },
    google_storage_bucket_object: {
      [label(name)]: {
        bucket: attribute("google_storage_bucket", sources, "name"),
        name: `${name}-${archives[name] ?? ""}.zip`,
        source: join(code("path.module"), `/functions/${name}.zip`),
        // The service is built from the new one before the old one goes.
        lifecycle: { create_before_destroy: true },
      },
    },
    [type]: {
      [label(name)]: {
        name: serviceName(name, input),
        location: region,
        ...described,
        build_config: {
          runtime: `nodejs${node}`,
          entry_point: "handler",
          service_account: attribute("google_service_account", builder, "id"),
          source: {
            storage_source: {
              bucket: attribute("google_storage_bucket", sources, "name"),
              object: attribute("google_storage_bucket_object", label(name), "name"),
            },
          },
        },
        service_config: {
          service_account_email: accountOf(name),
          available_memory: `${memory}Mi`,
          available_cpu: cpusOf(memory),
          timeout_seconds: timeout,
          max_instance_count: 100,
          max_instance_request_concurrency: 80,
          all_traffic_on_latest_revision: true,
          // Pub/Sub and Scheduler of the same project count as internal.
          ingress_settings: open ? "ALLOW_ALL" : "ALLOW_INTERNAL_ONLY",
          environment_variables: environmentOf(name, timeout, input),
        },
        depends_on: [
          ...["artifactregistry", "cloudbuild", "cloudfunctions", "run"].flatMap(madeBy),
          ...["image", "log", "source"].map((one) => `google_project_iam_member.${builder}__${one}`),
        ],
      },
    },
    ...(open &&
      isPublic(name, input) && {
        google_cloud_run_v2_service_iam_member: { [label(name, "public")]: invoker(name, "allUsers") },
      }),
  };
}

/** Whoever posts to a function that is not for browsers: a subscription or a job, as an identity that is good for nothing else. */
export function pushResources(name: string, input: StackInput): Resources {
  if (isWeb(name, input)) return {};
  return {
    google_service_account: {
      [label(name, "push")]: {
        account_id: `${physical(input, name, 25)}-push`,
        display_name: physical(input, `${name}-push`, 100),
        description: `Calls ${name} of ${input.graph.service} (${input.stage})`,
        depends_on: madeBy("iam"),
      },
    },
    google_cloud_run_v2_service_iam_member: {
      [label(name, "push")]: invoker(name, join("serviceAccount:", pusherOf(name))),
    },
  };
}

/** With which it posts, and what the runtime wants to see. */
export function tokenOf(
  name: string,
  input: StackInput,
): { readonly service_account_email: Text; readonly audience: Text } {
  return { service_account_email: pusherOf(name), audience: audienceOf(name, input) };
}

export function invoker(name: string, member: Text, role = "roles/run.invoker"): Resources[string][string] {
  return { name: attribute(type, label(name), "name"), location: region, role, member };
}

export const accountOf = (name: string): Expression => attribute("google_service_account", label(name), "email");
export const pusherOf = (name: string): Expression => attribute("google_service_account", label(name, "push"), "email");
export const memberOf = (name: string): Text => join("serviceAccount:", accountOf(name));
export const addressOf = (name: string): Text => attribute(type, label(name), "service_config[0].uri");

export function functionsOf(name: string, { graph }: StackInput): readonly GraphFunction[] {
  const own = graph.deployables.find((each) => each.name === name)?.functions ?? [];
  return graph.functions.filter((one) => own.includes(one.name));
}

export function isWeb(name: string, input: StackInput): boolean {
  return functionsOf(name, input).some(({ on }) => on.kind === "http");
}

/** The platform lets in all or none: a token of another issuer's is the runtime's to check. */
export function isPublic(name: string, input: StackInput): boolean {
  return functionsOf(name, input).some(({ on }) => on.kind === "http" && on.access !== "service");
}

/** What is deployed together gets what the neediest of it asks for. `timeout` in seconds, `memory` in MiB. */
export function limitsOf(name: string, input: StackInput): { readonly memory: number; readonly timeout: number } {
  const own = functionsOf(name, input).map(({ section }) => section);
  return {
    memory: Math.max(...own.map((section) => section?.memorySize ?? input.memory)),
    timeout: Math.max(...own.map((section) => section?.timeout ?? input.timeout)),
  };
}

function serviceName(name: string, input: StackInput): string {
  return physical(input, name, mostService);
}

/** The address that is known before there is a service. https://docs.cloud.google.com/run/docs/triggering/https-request#deterministic */
function audienceOf(name: string, input: StackInput): Text {
  return join(`https://${serviceName(name, input)}-`, projectNumber, ".", region, ".run.app");
}

/** https://docs.cloud.google.com/run/docs/configuring/services/memory-limits */
function cpusOf(memory: number): string {
  const most = [4096, 8192, 16_384].findIndex((limit) => memory <= limit);
  return ["1", "2", "4"][most] ?? "8";
}

/** What the manifest says, where the components and the inbox are, and what the host reads. */
function environmentOf(name: string, timeout: number, input: StackInput): Readonly<Record<string, Text>> {
  const { graph, environment } = input;
  const own = functionsOf(name, input);
  const names = new Set(own.map((one) => one.name));
  const needed = new Set(graph.grants.filter((grant) => names.has(grant.function)).map(({ component }) => component));
  for (const { on } of own) if (on.kind === "topic") needed.add(on.pubsub);
  const located = graph.components
    .filter((component) => needed.has(component.name) || isStoreOf(component.name, needed, input))
    .flatMap((component) =>
      Object.values(component.metadata).flatMap((value): [string, Text][] =>
        typeof value === "object" && "env" in value && value.env === variableOf(component.block, component.name)
          ? [[value.env, valueOf(component, input)]]
          : [],
      ),
    );
  const inboxes = own.flatMap((one): [string, Text][] =>
    one.on.kind === "topic" ? [[variableOf("inbox", one.name), inboxPath(one.name, input)]] : [],
  );
  return {
    NODE_ENV: "production",
    // Else the framework answers /favicon.ico and /robots.txt by itself.
    IGNORED_ROUTES: "",
    ...environment,
    ...writtenOf(own),
    CLOUD_RUN_TIMEOUT_SECONDS: `${timeout}`,
    GOOGLE_CLOUD_PROJECT: project,
    ...Object.fromEntries([...located, ...inboxes]),
    ...(!isWeb(name, input) && { FAASTEN_PUSH_AUDIENCE: audienceOf(name, input), FAASTEN_PUSH_CALLER: pusherOf(name) }),
  };
}

/** Its subscription's, as the components want it. It is not read from there: the subscription needs the function first. */
function inboxPath(name: string, input: StackInput): Text {
  return join("projects/", project, `/subscriptions/${inboxName(name, input)}`);
}

/** The dead letters' topic and subscription are called the same, with `-dead` after it. */
export function inboxName(name: string, input: StackInput): string {
  return physical(input, name, 250);
}

/** What a serverless.yml says of its own handlers, which one service holds together. */
function writtenOf(own: readonly GraphFunction[]): Readonly<Record<string, string>> {
  const all: Record<string, string> = Object.create(null);
  for (const { name, file, line, section } of own)
    for (const [key, value] of Object.entries(section?.environment ?? {})) {
      const fail = (why: string): never => {
        throw new FaastenError("MISCONFIGURED", `${name} (${file}:${line}): the variable ${key} ${why}`);
      };
      if (typeof value === "object")
        fail("is made by CloudFormation, which makes nothing on Google Cloud: write its value");
      if (all[key] !== undefined && all[key] !== String(value))
        fail("has another value in a function of the same service: give one of them another name");
      all[key] = String(value);
    }
  return { ...all };
}

/** A secret store that a needed component names. */
function isStoreOf(store: string, needed: ReadonlySet<string>, { graph }: StackInput): boolean {
  return graph.components.some(
    ({ name, metadata }) =>
      needed.has(name) &&
      Object.values(metadata).some((value) => typeof value === "object" && "store" in value && value.store === store),
  );
}
