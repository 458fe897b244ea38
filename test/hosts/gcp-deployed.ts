// A built app as it is deployed on Google Cloud: its bundles in the functions framework, each service behind what Cloud Run sets
// before it, topics, subscriptions and environments as the emitted configuration has them; every call to Google goes through one
// proxy that listens, to contract servers of ours.
import { generateKeyPairSync, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuiltApp, buildApp } from "../build/built.ts";
import { remove } from "../dev/running.ts";
import type { Template } from "../providers/gcp/stack/check.ts";
import { type Applied, apply, project, storageAgent } from "../servers/applied.ts";
import { type StorageOptions, startCloudStorage } from "../servers/cloud-storage.ts";
import { createFaultProxy, type FaultProxy, type Heard } from "../servers/faults.ts";
import { startFirestore } from "../servers/firestore.ts";
import { type MetadataServer, startMetadata } from "../servers/metadata.ts";
import { type ParameterManager, startParameterManager } from "../servers/parameter-manager.ts";
import { startPubSub } from "../servers/pubsub.ts";
import { type SecretManager, startSecretManager } from "../servers/secret-manager.ts";
import { type CloudRun, startCloudRun } from "./cloud-run.ts";
import { startFramework } from "./functions-framework.ts";

export interface DeployedApp {
  readonly built: BuiltApp;
  readonly applied: Applied;
  readonly proxy: FaultProxy;
  /** By the name of its deployable. */
  service(name: string): CloudRun;
  /** Of the same one's instances. */
  metadata(name: string): MetadataServer;
  close(): Promise<void>;
}

/** Seconds that a function may run, and as long a claim of one that died is held. */
const timeout = 5;

/** Where what a stack only refers to is put. */
export interface Planted {
  readonly secrets: SecretManager;
  readonly parameters: ParameterManager;
}

/** `built` is removed with what was deployed. */
export async function deployApp(
  built: BuiltApp,
  heard: (call: Heard) => void,
  plant: (planted: Planted) => void = () => {},
): Promise<DeployedApp> {
  const template: Template = JSON.parse(readFileSync(join(built.output, "main.tf.json"), "utf8"));
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const signBlob = (payload: Buffer): Buffer => sign("RSA-SHA256", payload, privateKey);
  let notify: NonNullable<StorageOptions["notify"]> = () => {};
  const [firestore, pubsub, storage, secrets, parameters] = await Promise.all([
    startFirestore(),
    startPubSub(),
    startCloudStorage({ publicKey, email: "nobody", signBlob, notify: (...told) => notify(...told) }),
    startSecretManager(),
    startParameterManager(),
  ]);
  plant({ secrets, parameters });
  const origins: Readonly<Record<string, string>> = {
    "firestore.googleapis.com": firestore.url,
    "parametermanager.googleapis.com": parameters.url,
    "pubsub.googleapis.com": pubsub.url,
    "secretmanager.googleapis.com": secrets.url,
    "storage.googleapis.com": storage.url,
  };
  const proxy = await createFaultProxy((call) => {
    heard(call);
    // Whoever operates calls Pub/Sub, at its own address.
    return origins[call.headers.host ?? ""] ?? pubsub.url;
  });

  const runs = new Map<string, CloudRun>();
  for (const { name } of Object.values(template.resource["google_cloudfunctions2_function"] ?? {}))
    runs.set(String(name), await startCloudRun());
  const applied = apply(template, {
    pubsub,
    createBucket: storage.createBucket,
    addressOf: (name) => runs.get(name)?.url ?? "",
    retryPolicy: { minimumBackoff: "2s", maximumBackoff: "10s" },
  });
  // What Cloud Storage may publish, it does.
  const member = `serviceAccount:${storageAgent}`;
  notify = (bucket, attributes, resource) => {
    for (const { topic, bucket: of, events } of applied.notifications) {
      const may = applied.allowed.some(
        (one) => one.member === member && one.permission === "pubsub.topics.publish" && one.resource === topic,
      );
      if (of !== bucket || !may || !events.includes(attributes["eventType"] ?? "")) continue;
      const data = Buffer.from(JSON.stringify(resource)).toString("base64");
      void fetch(`${pubsub.url}/v1/${topic}:publish`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: "Bearer storage" },
        body: JSON.stringify({ messages: [{ data, attributes }] }),
      });
    }
  };
  const preload = fileURLToPath(new URL("to-google.cjs", import.meta.url));
  const instances = await Promise.all(
    applied.services.map(async ({ account, ...service }) => ({
      ...service,
      // By its token a call is known for that of the function's account.
      metadata: await startMetadata({ email: account, token: account }),
    })),
  );
  const byDeployable = new Map<string, CloudRun>();
  for (const { deployable, name, environment, audiences, metadata } of instances) {
    const run = runs.get(name) as CloudRun;
    byDeployable.set(deployable, run);
    run.open({
      audiences,
      invokers: applied.allowed
        .filter(({ permission, resource }) => permission === "run.routes.invoke" && resource === name)
        .map(({ member }) => member),
      start: () =>
        startFramework(join(built.output, "functions", deployable), {
          env: {
            ...environment,
            CLOUD_RUN_TIMEOUT_SECONDS: String(timeout),
            K_SERVICE: name,
            GCE_METADATA_HOST: metadata.host,
            NODE_OPTIONS: `--require=${preload}`,
            TEST_GOOGLE: proxy.url,
          },
        }),
    });
  }
  return {
    built,
    applied,
    proxy,
    service(name) {
      const found = byDeployable.get(name);
      if (!found) throw new Error(`there is no service ${name}`);
      return found;
    },
    metadata(name) {
      const found = instances.find(({ deployable }) => deployable === name);
      if (!found) throw new Error(`there is no service ${name}`);
      return found.metadata;
    },
    async close() {
      await pubsub.close();
      await Promise.all([...runs.values()].map((run) => run.close()));
      await Promise.all([
        proxy.close(),
        ...[firestore, storage, secrets, parameters].map((server) => server.close()),
        ...instances.map(({ metadata }) => metadata.close()),
      ]);
      remove(built.folder);
    },
  };
}

export function deployOrders(heard: (call: Heard) => void): Promise<DeployedApp> {
  const built = buildApp("orders", "gcp");
  const file = join(built.folder, "templates/orders/secrets.json");
  const { "signing-key": signingKey } = JSON.parse(readFileSync(file, "utf8"));
  return deployApp(built, heard, ({ secrets, parameters }) => {
    secrets.addVersion(`projects/${project}/secrets/orders-dev-signing-key`, signingKey);
    parameters.addVersion(`projects/${project}/locations/global/parameters/orders-dev-MAX_QUANTITY`, "v1", "50");
  });
}
