// The app's stack, as a CloudFormation template.
import type { Emit } from "../../../src/provider.ts";
import { bindingResources, checkInput, inputResources } from "./bindings.ts";
import { checkLimits, checkNames, checkReferences, checkRegions, checkSettings, checkTexts, merged } from "./checks.ts";
import { functionResources } from "./functions.ts";
import { httpOutputs, httpResources } from "./http-api.ts";
import { ownTemplate, permissionsOf, statementsOf } from "./policies.ts";
import { bucketResources } from "./pushes.ts";
import { scheduleResources } from "./schedules.ts";
import { serviceParameters } from "./services.ts";
import { sourceResources } from "./sources.ts";
import { inboxResources, tableResources, topicResources } from "./stores.ts";
import type { Json, Resources } from "./template.ts";

export const emit: Emit = (input) => {
  const { graph } = input;
  checkSettings(input);
  for (const one of graph.functions) checkInput(one, input);
  const functions = graph.deployables.map(({ name }) => ({ name, statements: statementsOf(name, input) }));
  const made: readonly (readonly [string, Resources])[] = [
    ...graph.components.flatMap((component) => [
      [`the component ${component.name}`, tableResources(component, input)] as const,
      [`the component ${component.name}`, topicResources(component, input)] as const,
      [`the component ${component.name}`, bindingResources(component, input)] as const,
    ]),
    ...functions.map(
      ({ name, statements }) => [`the function ${name}`, functionResources(name, statements, input)] as const,
    ),
    ["the HTTP API", httpResources(input)],
    ["the buckets of `functions:`", bucketResources(input)],
    ...graph.functions.flatMap((one) => [
      [`the function ${one.name}`, inboxResources(one, input)] as const,
      [`the function ${one.name}`, scheduleResources(one, input)] as const,
      [`the function ${one.name}`, sourceResources(one, input)] as const,
      [`the function ${one.name}`, inputResources(one, input)] as const,
    ]),
  ];
  const ours = merged(made);
  checkTexts(ours);
  const { Resources: theirs = {}, Outputs = {}, Parameters = {}, ...others } = ownTemplate(input);
  const Resources = merged([
    ["the stack", ours],
    ["the manifest's `resources`", theirs],
  ]);
  const template = {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: `${graph.service}, stage ${input.stage}`,
    ...others,
    Parameters: {
      ...Parameters,
      ...serviceParameters(input),
      ArtifactBucket: { Type: "String", Description: "The bucket that holds the functions' archives" },
    },
    Resources,
    Outputs: { ...Outputs, ...httpOutputs(input) } as Json,
  };
  checkNames(Resources);
  checkRegions(Resources, input);
  checkReferences(ours, new Set([...Object.keys(Resources), ...Object.keys(template.Parameters)]));
  checkLimits(Resources);
  return {
    files: { "template.json": `${JSON.stringify(template, null, 2)}\n` },
    permissions: functions.flatMap(({ name, statements }) => permissionsOf(name, statements, input)),
  };
};
