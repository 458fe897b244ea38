// The orders app as it is deployed on Google Cloud: its bundles in the functions framework, each service behind what Cloud Run sets
// before it, topics, subscriptions and environments as the emitted configuration has them; every call to Google goes through one
// proxy that listens, to contract servers of ours.
import { generateKeyPairSync, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuiltApp, buildApp } from "../build/built.ts";
import { remove } from "../dev/running.ts";
import type { Template } from "../providers/gcp/stack/check.ts";
import { type Applied, apply, project } from "../servers/applied.ts";
import { startCloudStorage } from "../servers/cloud-storage.ts";
import { createFaultProxy, type FaultProxy, type Heard } from "../servers/faults.ts";
import { startFirestore } from "../servers/firestore.ts";
import { startMetadata } from "../servers/metadata.ts";
import { startParameterManager } from "../servers/parameter-manager.ts";
import { startPubSub } from "../servers/pubsub.ts";
import { startSecretManager } from "../servers/secret-manager.ts";
import { type CloudRun, startCloudRun } from "./cloud-run.ts";
import { startFramework } from "./functions-framework.ts";

export interface DeployedOrders {
  readonly built: BuiltApp;
  readonly applied: Applied;
  readonly proxy: FaultProxy;
  /** By the name of its deployable. */
  service(name: string): CloudRun;
  close(): Promise<void>;
}

/** Seconds that a function may run, and as long a claim of one that died is held. */
const timeout = 5;

export async function deployOrders(heard: (call: Heard) => void): Promise<DeployedOrders> {
  const built = buildApp("orders", "gcp");
  const template: Template = JSON.parse(readFileSync(join(built.output, "main.tf.json"), "utf8"));
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const [firestore, pubsub, storage, secrets, parameters] = await Promise.all([
    startFirestore(),
    startPubSub(),
    startCloudStorage({ publicKey, email: "nobody", signBlob: (payload) => sign("RSA-SHA256", payload, privateKey) }),
    startSecretManager(),
    startParameterManager(),
  ]);
  const { "signing-key": signingKey } = JSON.parse(
    readFileSync(join(built.folder, "templates/orders/secrets.json"), "utf8"),
  );
  secrets.addVersion(`projects/${project}/secrets/orders-dev-signing-key`, signingKey);
  parameters.addVersion(`projects/${project}/locations/global/parameters/orders-dev-MAX_QUANTITY`, "v1", "50");
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
