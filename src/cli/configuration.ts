// faasten configuration
import { FaastenError } from "../errors.ts";
import { findRunning } from "./running.ts";

export interface ConfigurationFlags {
  readonly component: string;
}

interface Setting {
  readonly key: string;
  readonly value: string;
  readonly version?: string;
}

export async function set(key: string, value: string, { component }: ConfigurationFlags): Promise<void> {
  const body = JSON.stringify({ key, value });
  console.log(JSON.stringify(await findRunning().ask("POST", pathOf(component), body)));
}

export async function get(key: string, { component }: ConfigurationFlags): Promise<void> {
  const found = (await settings(component)).find((one) => one.key === key);
  if (!found)
    throw new FaastenError("NOT_FOUND", `${component} has no ${key}: \`faasten configuration list\` shows all`);
  console.log(found.value);
}

export async function list({ component }: ConfigurationFlags): Promise<void> {
  console.log(JSON.stringify(await settings(component), null, 2));
}

async function settings(component: string): Promise<readonly Setting[]> {
  return (await findRunning().ask("GET", pathOf(component))) as readonly Setting[];
}

function pathOf(component: string): string {
  return `/configuration/${encodeURIComponent(component)}`;
}
