// What Terraform or Google would refuse in the middle of a deployment, refused before one begins.
import { FaastenError, type StackInput, timetableOf } from "../../../src/provider.ts";
import { functionsOf, limitsOf } from "./functions.ts";
import { mostWait } from "./schedules.ts";
import { type Body, Expression, type Json, type Resources, render } from "./template.ts";

/** All of them under their labels, each of which is made for one purpose. What several owners make alike is made once. */
export function merged(made: readonly (readonly [string, Resources])[]): Resources {
  const owners = new Map<string, string>();
  const all: Record<string, Record<string, Body>> = {};
  for (const [owner, resources] of made)
    for (const [type, bodies] of Object.entries(resources)) {
      const own = all[type] ?? {};
      all[type] = own;
      for (const [label, body] of Object.entries(bodies)) {
        const other = owners.get(`${type}.${label}`);
        if (other !== undefined && JSON.stringify(own[label]) !== JSON.stringify(body)) {
          const message = `${other} and ${owner} both make ${type}.${label} of the stack: give one of them another name`;
          throw new FaastenError("ALREADY_EXISTS", message);
        }
        owners.set(`${type}.${label}`, other ?? owner);
        own[label] = body;
      }
    }
  return all;
}

/** What the service itself calls each: two of one kind cannot share it, and each has a form of its own. */
export function checkNames(resources: Resources): void {
  const taken = new Map<string, string>();
  for (const [type, { argument, pattern, rule }] of Object.entries(names))
    for (const [label, body] of Object.entries(resources[type] ?? {})) {
      const name = plain(body[argument]);
      const at = `${type}.${label}`;
      if (!pattern.test(name))
        throw new FaastenError("INVALID", `${at} of the stack would be called ${JSON.stringify(name)}: ${rule}`);
      const other = taken.get(`${type} ${name}`);
      if (other !== undefined) {
        const message = `${other} and ${at} of the stack are both called ${JSON.stringify(name)}: give the function, the component or the topic of one of them another name`;
        throw new FaastenError("ALREADY_EXISTS", message);
      }
      taken.set(`${type} ${name}`, at);
    }
}

/** A name with its expressions as what they could be: a project has 6 to 30 characters. */
function plain(value: Json | undefined): string {
  if (!(value instanceof Expression)) return String(value);
  return value.parts.map((part) => (typeof part === "string" ? part : "p".repeat(30))).join("");
}

interface NameOf {
  readonly argument: string;
  readonly pattern: RegExp;
  readonly rule: string;
}

const ofPubSub = {
  argument: "name",
  pattern: /^(?!goog)[a-zA-Z][\w.~+%-]{2,254}$/,
  rule: 'Pub/Sub takes 3 to 255 letters, digits and signs, a letter first, and no "goog" at the beginning',
} as const;

/** As the services document them. */
const names: Readonly<Record<string, NameOf>> = {
  google_cloud_scheduler_job: {
    argument: "name",
    pattern: /^[\w-]{1,500}$/,
    rule: "Cloud Scheduler takes up to 500 letters, digits, dashes and underscores",
  },
  google_cloudfunctions2_function: {
    argument: "name",
    pattern: /^(?!goog)[a-z][a-z0-9-]{2,47}[a-z0-9]$/,
    rule: "Cloud Run takes 4 to 49 lower-case letters, digits and dashes, a letter first",
  },
  google_firestore_database: {
    argument: "name",
    pattern: /^(?![0-9a-f]{8}-)[a-z][a-z0-9-]{2,61}[a-z0-9]$/,
    rule: "Firestore takes 4 to 63 lower-case letters, digits and dashes, a letter first, and none that looks like a UUID",
  },
  google_project_iam_custom_role: {
    argument: "role_id",
    pattern: /^[\w.]{3,64}$/,
    rule: "IAM takes 3 to 64 letters, digits, underscores and dots",
  },
  google_pubsub_subscription: ofPubSub,
  google_pubsub_topic: ofPubSub,
  google_service_account: {
    argument: "account_id",
    pattern: /^(?=.{6,30}$)[a-z][a-z0-9-]*[a-z0-9]$/,
    rule: "IAM takes 6 to 30 lower-case letters, digits and dashes, a letter first",
  },
  google_storage_bucket: {
    argument: "name",
    pattern: /^(?!goog)(?!.*google)[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$/,
    rule: 'Cloud Storage takes 3 to 63 lower-case letters, digits and dashes, and no "google" in them',
  },
};

/** A function that nothing would ever call. */
export function checkTriggers({ graph }: StackInput): void {
  for (const { name, file, line, on } of graph.functions) {
    const beside = graph.deployables.find((each) => each.name === name && each.functions.length > 1);
    if (beside && on.kind !== "http") {
      const message = `${name} (${file}:${line}): the service of all HTTP functions is called so: give it another name`;
      throw new FaastenError("ALREADY_EXISTS", message);
    }
    if (on.kind !== "binding" || timetableOf(on)) continue;
    const type = graph.components.find((component) => component.name === on.binding)?.type ?? on.binding;
    if (["bindings.gcp.bucket", "bindings.gcp.pubsub"].includes(type)) continue;
    const message = `${name} (${file}:${line}): the stack sets up no input of ${type}: take what comes by a topic`;
    throw new FaastenError("UNSUPPORTED", message);
  }
}

/**
 * Numbers that a service takes.
 * https://docs.cloud.google.com/run/docs/configuring/services/memory-limits
 * https://docs.cloud.google.com/run/docs/configuring/request-timeout
 */
export function checkSettings(input: StackInput): void {
  for (const { name } of input.graph.deployables) {
    const { memory, timeout } = limitsOf(name, input);
    const refuse = (what: string, rule: string): never => {
      throw new FaastenError("INVALID", `${what} of ${name}: ${rule}`);
    };
    if (!(Number.isInteger(memory) && memory >= 128 && memory <= 32_768))
      refuse(`\`memorySize\` ${memory}`, "Cloud Run gives whole megabytes from 128 to 32768");
    if (!(Number.isInteger(timeout) && timeout >= 1 && timeout <= 3600))
      refuse(`\`timeout\` ${timeout}`, "Cloud Run runs a function for whole seconds from 1 to 3600");
    if (timeout > mostWait && functionsOf(name, input).some(({ on }) => timetableOf(on)))
      refuse(`\`timeout\` ${timeout}`, `Cloud Scheduler waits for ${mostWait} seconds, and would run it again`);
  }
}

/**
 * https://docs.cloud.google.com/run/docs/configuring/services/environment-variables
 * https://docs.cloud.google.com/functions/docs/configuring/env-var#reserved_environment_variables
 */
export function checkVariables(resources: Resources): void {
  for (const [label, body] of Object.entries(resources["google_cloudfunctions2_function"] ?? {})) {
    const { service_config } = body as { readonly service_config?: Body };
    const { environment_variables = {} } = (service_config ?? {}) as { readonly environment_variables?: Body };
    const refuse = (what: string): never => {
      throw new FaastenError("INVALID", `the function ${label}: ${what}`);
    };
    if (Object.keys(environment_variables).length > 1000) refuse("Cloud Run takes 1000 variables, and it has more");
    for (const [name, value] of Object.entries(environment_variables)) {
      const text = String(render(value));
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || reserved.test(name))
        refuse(`Cloud Run takes no variable ${JSON.stringify(name)}: call it otherwise`);
      if (Buffer.byteLength(text) > mostVariable)
        refuse(
          `the variable ${name} has more than the ${mostVariable} bytes that Cloud Run takes: read it from a secret or a configuration`,
        );
      // Terraform keeps all texts in one of Unicode's forms, and would change those in another.
      if (text.includes("\0") || !text.isWellFormed() || text.normalize("NFC") !== text)
        refuse(
          `the variable ${name} holds what Terraform would change: write its accents as one character each, and no NUL`,
        );
    }
  }
}

const mostVariable = 32_768;
const reserved =
  /^(?:X_GOOGLE_.*|K_(?:SERVICE|REVISION|CONFIGURATION)|PORT|FUNCTION_(?:TARGET|SIGNATURE_TYPE|SOURCE))$/;
