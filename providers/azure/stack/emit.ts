// The app's stack, as a template of Azure Resource Manager.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax
import type { Emit, StackInput } from "../../../src/provider.ts";
import { appResources, principalOf, siteAt } from "./apps.ts";
import { checkInput, checkLimits, checkOwnSettings, merged } from "./checks.ts";
import { gridResources, inputResources } from "./inputs.ts";
import { itemRoleResources } from "./items.ts";
import { isAsked } from "./locations.ts";
import { inboxResources, namespaceResources, queueResources, topicResources } from "./messages.ts";
import { monitoringResources } from "./monitoring.ts";
import { hostStorageName, namesOf, parameterName, siteName } from "./names.ts";
import { permissionsOf, rightsOf } from "./rights.ts";
import { dataResources, settingsResources, stateResources } from "./stores.ts";
import { idOf, type Json, join, keyOf, property, stateOf, type Text, toJson, written } from "./template.ts";

export const emit: Emit = (input) => {
  const { graph, stage } = input;
  checkInput(input);
  for (const { name } of graph.deployables) checkOwnSettings(name, input);
  const apps = graph.deployables.map(({ name }) => ({ name, rights: rightsOf(name, input) }));
  const itemRoles = itemRoleResources(
    apps.map(({ name, rights }) => [name, principalOf(name, input), rights.items] as const),
  );
  const resources = merged([
    ["the log", monitoringResources(input)],
    ["the state components", stateResources(input)],
    ["the objects and queues", dataResources(input)],
    ["the namespace", namespaceResources(input)],
    ...graph.components.flatMap((component) => [
      [`the component ${component.name}`, topicResources(component, input)] as const,
      [`the component ${component.name}`, queueResources(component, input)] as const,
      [`the component ${component.name}`, gridResources(component, input)] as const,
      [`the component ${component.name}`, settingsResources(component, input)] as const,
    ]),
    ...graph.functions.map((one) => [`the function ${one.name}`, inboxResources(one, input)] as const),
    ["the inputs", inputResources(input)],
    ["the roles of state", itemRoles],
    ...apps.map(({ name, rights }) => {
      const granted = itemRoles.map(({ place }) => place);
      return [`the app ${name}`, appResources(name, rights, granted, input)] as const;
    }),
  ]);
  const known = new Set(resources.map(({ place }) => keyOf(idOf(place))));
  const body = resources.map((one) => written(one, known));
  const used = JSON.stringify(body);
  const template = {
    $schema: "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    contentVersion: "1.0.0.0",
    metadata: { description: `${graph.service}, stage ${stage}` },
    parameters: parametersOf(input),
    variables: Object.fromEntries(
      Object.entries(namesOf(input)).filter(([name]) => used.includes(`variables('${name}')`)),
    ),
    resources: body,
    outputs: outputsOf(input),
  };
  const text = `${JSON.stringify(template, null, 2)}\n`;
  checkLimits(template, text);
  return {
    files: { "azuredeploy.json": text },
    permissions: apps.flatMap(({ name, rights }) => permissionsOf(name, rights)),
  };
};

function parametersOf(input: StackInput): Json {
  const asked = input.graph.components.filter((one) => isAsked(one));
  return {
    location: {
      type: "string",
      defaultValue: "[resourceGroup().location]",
      metadata: { description: "Where everything is made: a region that has Flex Consumption" },
    },
    ...Object.fromEntries(
      asked.map(({ name, block, type }) => [
        parameterName({ name, type }),
        {
          type: "string",
          metadata: {
            description:
              type === "secretstores.azure.keyvault"
                ? `The Key Vault that ${name} reads: its name, in this resource group`
                : `Where ${name} is, for ${block} of type ${type}`,
          },
        },
      ]),
    ),
  };
}

/** By which an app's package is brought, where it then answers, and what goes with it. */
function outputsOf({ graph }: StackInput): Json {
  const outputs = graph.deployables.flatMap(({ name }): readonly (readonly [string, Text])[] => [
    [`${name}Name`, siteName(name)],
    [`${name}Storage`, hostStorageName(name)],
    [`${name}Url`, join("https://", property(stateOf(siteAt(name)), "defaultHostName"))],
  ]);
  return Object.fromEntries(outputs.map(([name, value]) => [name, { type: "string", value: toJson(value) }]));
}
