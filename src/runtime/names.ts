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

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
export function isLambdaVariable(name: string): boolean {
  return /^[a-zA-Z][a-zA-Z0-9_]+$/.test(name) && !reserved.test(name);
}

const reserved =
  /^(?:AWS_(?:REGION|DEFAULT_REGION|ACCESS_KEY(?:_ID)?|SECRET_ACCESS_KEY|SESSION_TOKEN|EXECUTION_ENV|LAMBDA_(?:FUNCTION_NAME|FUNCTION_MEMORY_SIZE|FUNCTION_VERSION|INITIALIZATION_TYPE|LOG_GROUP_NAME|LOG_STREAM_NAME|RUNTIME_API))|LAMBDA_(?:TASK_ROOT|RUNTIME_DIR))$/;
