// The app's stack, as a CloudFormation template.
import type { Emit } from "../../../src/provider.ts";
import { functionResources } from "./functions.ts";
import { httpOutputs, httpResources } from "./http-api.ts";
import { permissionsOf, statementsOf } from "./policies.ts";
import { scheduleResources } from "./schedules.ts";
import { inboxResources, tableResources, topicResources } from "./stores.ts";
import type { Resources } from "./template.ts";

export const emit: Emit = (input) => {
  const { graph } = input;
  const functions = graph.deployables.map(({ name }) => ({ name, statements: statementsOf(name, input) }));
  const Resources: Resources = Object.assign(
    {},
    ...graph.components.map((component) => ({
      ...tableResources(component, input),
      ...topicResources(component, input),
    })),
    ...functions.map(({ name, statements }) => functionResources(name, statements, input)),
    httpResources(input),
    ...graph.functions.map((one) => ({ ...inboxResources(one, input), ...scheduleResources(one, input) })),
  );
  const template = {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: `${graph.service}, stage ${input.stage}`,
    Parameters: {
      ArtifactBucket: { Type: "String", Description: "The bucket that holds the functions' archives" },
    },
    Resources,
    Outputs: httpOutputs(input),
  };
  return {
    files: { "template.json": `${JSON.stringify(template, null, 2)}\n` },
    permissions: functions.flatMap(({ name, statements }) => permissionsOf(name, statements)),
  };
};
