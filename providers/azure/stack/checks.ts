// What Resource Manager, a service or the host would refuse in the middle of a deployment, refused before one begins.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/best-practices#template-limits
import { FaastenError, type StackInput } from "../../../src/provider.ts";
import { instanceSizes, ownSettings } from "./apps.ts";
import { actsAsApp, readsAddress } from "./locations.ts";
import { idOf, type Json, type Resource, shown } from "./template.ts";

/** All of them, each of which is made for one purpose. */
export function merged(made: readonly (readonly [string, readonly Resource[]])[]): readonly Resource[] {
  const owners = new Map<string, string>();
  return made.flatMap(([owner, resources]) => {
    for (const { place } of resources) {
      const key = shown(idOf(place)).toLowerCase();
      const other = owners.get(key);
      if (other !== undefined) {
        const named = `${place.type} ${place.names.map(shown).join("/")}`;
        const message = `${other} and ${owner} both make the ${named} of the stack: give one of them another name`;
        throw new FaastenError("ALREADY_EXISTS", message);
      }
      owners.set(key, owner);
    }
    return resources;
  });
}

/** What is another cloud's, or this cloud has no place for. */
export function checkInput(input: StackInput): void {
  const { aws, graph, logRetentionDays, memory, node, timeout } = input;
  const refuse = (code: "INVALID" | "UNSUPPORTED", message: string): never => {
    throw new FaastenError(code, message);
  };
  if (aws && (aws.statements.length > 0 || Object.keys(aws.template).length > 0))
    refuse("UNSUPPORTED", "`resources` and `provider.iam` of the manifest are AWS's alone: they make nothing on Azure");
  if (node !== 22 && node !== 24)
    refuse("UNSUPPORTED", `\`runtime\` is nodejs${node}.x: Azure Functions run Node.js 22 and 24 here`);
  if (!(Number.isInteger(logRetentionDays) && logRetentionDays >= 30 && logRetentionDays <= 730))
    refuse("INVALID", `\`logRetentionInDays\` is ${logRetentionDays}: Azure Monitor keeps logs for 30 to 730 days`);
  const largest = instanceSizes.at(-1) ?? 0;
  const all = [{ name: "provider", section: { memorySize: memory, timeout } }, ...graph.functions];
  for (const { name, section: { memorySize = memory, timeout: seconds = timeout } = {} } of all) {
    if (!(Number.isInteger(memorySize) && memorySize >= 1 && memorySize <= largest))
      refuse("INVALID", `\`memorySize\` of ${name} is ${memorySize}: an instance has ${largest} megabytes at most`);
    if (!(Number.isInteger(seconds) && seconds >= 1 && seconds <= 86_400))
      refuse("INVALID", `\`timeout\` of ${name} is ${seconds}: functions run for whole seconds from 1 to 86400`);
  }
  for (const { name, on, file, line } of graph.functions)
    if (on.kind === "native")
      refuse(
        "UNSUPPORTED",
        `${name} (${file}:${line}): ${on.event} events are made by services of ${on.provider} alone`,
      );
  for (const component of graph.components)
    if (component.type.includes(".azure.") && readsAddress(component) !== undefined && !actsAsApp(component))
      refuse(
        "UNSUPPORTED",
        `the component ${component.name} proves itself by a key or a secret, and what this stack makes takes none: leave that out, or say where another resource is`,
      );
}

/** App settings are the host's as well, whatever the case of their letters. */
export function checkOwnSettings(deployable: string, input: StackInput): void {
  const seen = new Map<string, string>();
  for (const { name, section } of input.graph.functions)
    for (const [key, value] of Object.entries(section?.environment ?? {}))
      if (typeof value !== "string")
        throw new FaastenError(
          "UNSUPPORTED",
          `${name}: the value of ${key} is made by CloudFormation: write a plain one`,
        );
  for (const [name, value] of ownSettings(deployable, input)) {
    const what = `the variable ${JSON.stringify(name)}`;
    const other = seen.get(name.toLowerCase());
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      throw new FaastenError(
        "INVALID",
        `${what}: an app setting has letters, digits and underscores: call it otherwise`,
      );
    if (reserved.test(name))
      throw new FaastenError("INVALID", `${what} is the platform's own, or the stack's: call it otherwise`);
    if (other !== undefined)
      throw new FaastenError("INVALID", `${what} and ${other} are one app setting: call one of them otherwise`);
    if (/^@Microsoft\.(?:KeyVault|AppConfiguration)\(/i.test(value.trim()))
      throw new FaastenError(
        "INVALID",
        `${what} holds what App Service would replace: use a secret or a configuration`,
      );
    seen.set(name.toLowerCase(), name);
  }
}

/** https://learn.microsoft.com/azure/azure-functions/functions-app-settings#flex-consumption-plan-deprecations */
const reserved =
  /^(?:APPINSIGHTS_|APPLICATIONINSIGHTS_|AZURE_CLIENT_ID$|AZURE_FUNCTIONS_|AzureFunctions|AzureWebJobs|CONTAINER_|ENABLE_ORYX_BUILD$|FAASTEN_|FUNCTIONS_|IDENTITY_|MSI_|SCM_|WEBSITE|languageWorkers__)/i;

const most = { resources: 800, parameters: 256, variables: 256, outputs: 64 } as const;
const mostBytes = 4 * 1024 * 1024;

export function checkLimits(template: Readonly<Record<keyof typeof most, Json>>, text: string): void {
  for (const [name, limit] of Object.entries(most)) {
    const count = Object.keys(Object(template)[name]).length;
    if (count > limit)
      throw new FaastenError("TOO_LARGE", `the stack has ${count} ${name}, and ${limit} is the most: split the app`);
  }
  if (Buffer.byteLength(text) > mostBytes)
    throw new FaastenError("TOO_LARGE", `the template has more than ${mostBytes} bytes: split the app`);
}
