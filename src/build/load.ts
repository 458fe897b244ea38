// Imports, in this process, the modules that functions were bound to.
import { prefixed } from "../blocks/prefix.ts";
import type { Create } from "../contracts/component.ts";
import type { App, Bound, Served } from "../contracts/provider.ts";
import type { Trigger, TriggerSpec } from "../contracts/trigger.ts";
import type { Binding, Bindings } from "./bind.ts";
import type { Found } from "./found.ts";

export async function load(
  found: readonly Found[],
  { components, triggers, clocks }: Bindings,
): Promise<Pick<App, "functions" | "components">> {
  return {
    functions: await Promise.all(found.map((one) => serve(one, triggers.get(one.name) ?? [], clocks.get(one.name)))),
    components: Object.fromEntries(await Promise.all([...components.values()].map(bound))),
  };
}

async function serve({ name, definition }: Found, modules: readonly URL[], clock?: TriggerSpec): Promise<Served> {
  const triggers = await Promise.all(
    modules.map(async ({ href }) => ((await import(href)) as { readonly trigger: Trigger }).trigger),
  );
  return { name, definition: clock ? { ...definition, on: clock } : definition, triggers };
}

async function bound({ name, block, type, module, metadata }: Binding): Promise<readonly [string, Bound]> {
  const { create } = (await import(module.href)) as { readonly create: Create };
  return [name, { type, metadata, create: block === "state" ? prefixed(create) : create }];
}
