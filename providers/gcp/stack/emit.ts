// The app's stack, as a Terraform configuration. It holds within Terraform 1.5, which is what Google's own Infrastructure Manager runs.
// https://docs.cloud.google.com/infrastructure-manager/docs/terraform
import type { Emit, StackInput } from "../../../src/provider.ts";
import { checkNames, checkSettings, checkTriggers, checkVariables, merged } from "./checks.ts";
import { addressOf, functionResources, isWeb, pushResources } from "./functions.ts";
import { bindingsOf, otherServices, permissionsOf, policyResources, pusherPermissions } from "./policies.ts";
import { apiResources, buildResources } from "./project.ts";
import { retainedOf } from "./retained.ts";
import { scheduleResources } from "./schedules.ts";
import { bindingResources, collectionResources, databaseResources, sourceResources } from "./stores.ts";
import { type Body, type Json, label, madeBy, project, type Resources, region, render } from "./template.ts";
import { changeResources, checkOrder, inboxResources, topicResources } from "./topics.ts";

export const emit: Emit = (input) => {
  const { graph, stage } = input;
  checkSettings(input);
  checkTriggers(input);
  checkOrder(input);
  const policies = graph.deployables.map(({ name }) => ({ name, bindings: bindingsOf(name, input) }));
  const ours = merged([
    ["the build", buildResources(input)],
    ["the archives", sourceResources(input)],
    ["the state", databaseResources(input)],
    ...graph.components.flatMap((component) =>
      [topicResources, collectionResources, bindingResources, changeResources].map(
        (make): readonly [string, Resources] => [`the component ${component.name}`, make(component, input)],
      ),
    ),
    ...policies.flatMap(({ name, bindings }): readonly (readonly [string, Resources])[] => [
      [`the function ${name}`, functionResources(name, input)],
      [`the function ${name}`, pushResources(name, input)],
      [`what ${name} may do`, policyResources(bindings, input)],
    ]),
    ...graph.functions.flatMap((one) =>
      [inboxResources, scheduleResources].map((make): readonly [string, Resources] => [
        `the function ${one.name}`,
        make(one, input),
      ]),
    ),
  ]);
  checkNames(ours);
  checkVariables(ours);
  const others = otherServices(input);
  const template: Json = {
    "//": `${graph.service}, stage ${stage}`,
    terraform: {
      required_version: ">= 1.5.0",
      required_providers: { google: { source: "hashicorp/google", version: "~> 6.50" } },
      // Its bucket is said by whoever runs it: `-backend-config=bucket=<name>`.
      ...(!input.localState && { backend: { gcs: { prefix: `${graph.service}/${stage}` } } }),
    },
    variable: {
      project: { type: "string", description: "The project's id" },
      region: { type: "string", description: "Where all of it runs and is kept", ...defaultRegion(input) },
    },
    provider: { google: { project, region } },
    data: {
      google_project: { this: { project_id: project, depends_on: madeBy("cloudresourcemanager") } },
      // Cloud Storage has no account in a project before somebody asks for it.
      ...(ours["google_storage_notification"] && {
        google_storage_project_service_account: { this: { project, depends_on: madeBy("storage") } },
      }),
      ...(Object.keys(others).length > 0 && { google_cloudfunctions2_function: others }),
    },
    resource: sorted({ ...ours, ...apiResources(ours) }),
    output: outputsOf(input),
  };
  return {
    files: {
      "main.tf.json": json(render(template)),
      "retained.json": json(retainedOf(ours)),
    },
    permissions: policies.flatMap(({ name, bindings }) => [
      ...permissionsOf(bindings),
      ...pusherPermissions(name, input),
    ]),
  };
};

/** The manifest's may be another cloud's: `eu-west-1` is none of Google's. */
function defaultRegion({ region: said }: StackInput): Body {
  return said !== undefined && /^[a-z]+-[a-z]+\d+$/.test(said) ? { default: said } : {};
}

function outputsOf(input: StackInput): Body {
  const web = input.graph.deployables.filter(({ name }) => isWeb(name, input));
  return Object.fromEntries(
    web.map(({ name }) => [label(name, "url"), { description: `Where ${name} answers`, value: addressOf(name) }]),
  );
}

function sorted(resources: Resources): Resources {
  return Object.fromEntries(Object.entries(resources).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
