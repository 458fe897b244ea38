// What things are called where they run.
import type { Block } from "../contracts/component.ts";

/** As physical names hold it: `orderStore`, `order.store` and `order-store` are one name there. */
export function kebab(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1-$2")
    .replace(/[.-]+/g, "-")
    .toLowerCase();
}

/** Of a resource of one stage of one app. */
export function physicalName(service: string, stage: string, name: string): string {
  return `${service}-${stage}-${kebab(name)}`;
}

/** The environment variable from which a component learns where its resource is: `FAASTEN_STATE_ORDER_STORE`. */
export function variableOf(kind: Block | "inbox", name: string): string {
  return `FAASTEN_${kind}_${kebab(name)}`.replaceAll("-", "_").toUpperCase();
}
