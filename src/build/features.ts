// What the functions of a deployable need of the runtime: the rest is left out of their bundle.
import type { Feature } from "../contracts/feature.ts";
import type { Definition } from "../contracts/function.ts";
import type { Provider } from "../contracts/provider.ts";
import { type Binding, storesOf } from "./bind.ts";
import { isHanded } from "./handed.ts";

/** As constants for the bundler. `components`: those of the deployable. */
export function withoutFeatures(
  definitions: readonly Definition[],
  provider: Pick<Provider, "lambda">,
  components: readonly Pick<Binding, "metadata">[],
): Readonly<Record<string, string>> {
  const grants = definitions.flatMap(({ uses, needs = [] }) => [...Object.values(uses), ...needs]);
  const rights = new Set(grants.map(({ right }) => right));
  const triggers = definitions.map(({ on }) => on);
  const needed: Readonly<Record<Feature, boolean>> = {
    cors: triggers.some((on) => on.kind === "http" && on.cors !== undefined),
    idempotency: definitions.some(({ needs = [] }) => needs.length > 0),
    requests: triggers.some((on) => on.kind === "http"),
    events: triggers.some((on) => on.kind !== "http"),
    subscriptions: triggers.some((on) => on.kind === "topic" || on.kind === "binding"),
    batches: triggers.some((on) => on.kind === "topic" && on.many),
    publish: rights.has("publish"),
    readWrite: rights.has("readWrite"),
    list: rights.has("list"),
    rotation: components.some((component) => storesOf(component).length > 0),
    output: rights.has("output"),
    checks: false,
    bridge: definitions.some((one) => one.lambda !== undefined && !isHanded(one, provider)),
  };
  return Object.fromEntries(
    Object.entries(needed).map(([feature, need]) => [`import.meta.without.${feature}`, `${!need}`]),
  );
}
