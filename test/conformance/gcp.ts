// The components of Google Cloud on contract servers of ours, over real sockets.

import { generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { create as createBucket } from "../../providers/gcp/bindings/bucket.ts";
import { create as createTopic } from "../../providers/gcp/bindings/pubsub.ts";
import { create as createParameters } from "../../providers/gcp/configuration/parametermanager.ts";
import { idOf } from "../../providers/gcp/document-id.ts";
import { createAdmit } from "../../providers/gcp/identity.ts";
import { create as createPubSub } from "../../providers/gcp/pubsub/pubsub.ts";
import { create as createFirestore } from "../../providers/gcp/state/firestore-native.ts";
import { trigger as pushTrigger } from "../../providers/gcp/triggers/pubsub-push.ts";
import type {
  BindingHarness,
  ConfigurationHarness,
  PubSubHarness,
  Receiver,
  StateHarness,
} from "../../src/conformance/cases.ts";
import type { Definition } from "../../src/contracts/function.ts";
import { once } from "../../src/once.ts";
import { type ComponentOptions, createRunner, kebab, variableOf } from "../../src/provider.ts";
import { startCloudStorage } from "../servers/cloud-storage.ts";
import { createFaultProxy } from "../servers/faults.ts";
import { startFirestore } from "../servers/firestore.ts";
import { startParameterManager } from "../servers/parameter-manager.ts";
import { startPubSub } from "../servers/pubsub.ts";

/** One server for all cases: each has keys of its own. */
const firestore = once(startFirestore);
const documents = "projects/conformance/databases/(default)/documents";

export async function firestoreOnContract(): Promise<[harness: StateHarness, close: () => Promise<void>]> {
  const { url } = await firestore();
  const proxy = await createFaultProxy(url);
  const collection = `${documents}/entries`;
  const component = await createFirestore(named({ endpoint: proxy.url, collection }));
  const second = await createFirestore(named({ endpoint: url, collection: "entries", project_id: "conformance" }));
  const harness: StateHarness = {
    component,
    second,
    async plantExpired(key, value) {
      const seconds = Math.floor(Date.now() / 1000) - 10;
      const kept =
        "json" in value ? { stringValue: value.json } : { bytesValue: Buffer.from(value.bytes).toString("base64") };
      const fields = { value: kept, expiresAt: { timestampValue: new Date(seconds * 1000).toISOString() } };
      const response = await fetch(`${url}/v1/${documents}:commit`, {
        method: "POST",
        headers: { authorization: "Bearer owner" },
        body: JSON.stringify({ writes: [{ update: { name: `${collection}/${idOf(key)}`, fields } }] }),
      });
      const { commitTime } = (await response.json()) as { readonly commitTime: string };
      return `${commitTime}~${seconds}`;
    },
    async cutNextReply() {
      proxy.spoil((call) => (call === 1 ? "cut" : undefined));
    },
  };
  return [
    harness,
    async () => {
      await component.close?.();
      await second.close?.();
      await proxy.close();
    },
  ];
}

const project = "projects/conformance";
const stage = "conformance-test-";
const pusher = "push@conformance.iam.gserviceaccount.com";
const audience = "https://conformance-test-1.europe-west1.run.app";

/** Topics, push subscriptions and their services, as a stack sets them up; its least backoff is shorter than Google's default. */
export async function pubsubOnContract(): Promise<[harness: PubSubHarness, close: () => Promise<void>]> {
  const server = await startPubSub();
  const component = await createPubSub({
    ...named({ endpoint: server.url, topicPrefix: `${project}/topics/${stage}` }),
    name: "pubsub",
  });
  const topics = new Set<string>();
  const inboxes = new Set<string>();
  type Listener = Awaited<ReturnType<typeof pushTrigger.receive>>;
  const services = new Map<string, Listener>();
  const host = createServer((request, response) => {
    // As Cloud Run hands it on.
    const { authorization = "" } = request.headers;
    request.headers.authorization = authorization.replace(/[^.]*$/, "SIGNATURE_REMOVED_BY_GOOGLE");
    void services.get((request.url ?? "").slice(1))?.(request, response);
  });
  await new Promise<void>((resolve) => host.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;

  function topic(name: string): string {
    const path = `${project}/topics/${stage}${kebab(name)}`;
    if (!topics.has(path)) server.createTopic(path);
    topics.add(path);
    return path;
  }

  function inbox({ subscription: { topic: name, subscriber, attempts, ordered } }: Receiver): string {
    const id = `${stage}${kebab(subscriber)}`;
    const path = `${project}/subscriptions/${id}`;
    if (inboxes.has(path)) return path;
    inboxes.add(path);
    const deadLetterTopic = topic(`${subscriber}-dead`);
    server.createSubscription(`${path}-dead`, { topic: deadLetterTopic, ackDeadlineSeconds: 20 });
    server.createSubscription(path, {
      topic: topic(name),
      enableMessageOrdering: ordered,
      filter: `(NOT attributes:faasteninbox) OR attributes.faasteninbox = "${id}"`,
      deadLetterPolicy: { deadLetterTopic, maxDeliveryAttempts: Math.min(100, Math.max(5, attempts)) },
      retryPolicy: { minimumBackoff: "1.2s" },
      ackDeadlineSeconds: 60,
      pushConfig: { oidcToken: { serviceAccountEmail: pusher, audience } },
    });
    process.env[variableOf("inbox", subscriber)] = path;
    return path;
  }

  async function stop(): Promise<void> {
    for (const path of inboxes) server.setPush(path, undefined);
  }

  const harness: PubSubHarness = {
    component: {
      ...component,
      async publish(name, event, choice) {
        topic(name);
        await component.publish(name, event, choice);
      },
      async publishMany(name, events, choice) {
        topic(name);
        return (await component.publishMany?.(name, events, choice)) ?? [];
      },
    },
    async pump(receivers) {
      await stop();
      for (const receiver of receivers) {
        const { subscriber } = receiver.subscription;
        const served = { name: subscriber, definition: definitionOf(receiver), triggers: [pushTrigger] };
        const app = {
          service: "conformance",
          functions: [served],
          components: { pubsub: { type: "pubsub.gcp.pubsub", create: () => component, metadata: {} } },
        };
        const runner = createRunner(app, () => undefined);
        let calls = 0;
        const listener = pushTrigger.receive({
          app,
          journal: runner.journal,
          admit: createAdmit({
            env: { K_SERVICE: subscriber, FAASTEN_PUSH_AUDIENCE: audience, FAASTEN_PUSH_CALLER: pusher },
          }),
          run: (_served, payload) =>
            runner.run(served, { id: `${subscriber}-${++calls}`, payload, context: {}, deadline: Date.now() + 30_000 }),
        });
        services.set(subscriber, listener);
        server.setPush(inbox(receiver), `${origin}/${subscriber}`);
      }
    },
    pause: stop,
    keyless: true,
  };
  return [
    harness,
    async () => {
      await stop();
      await component.close?.();
      await server.close();
      await new Promise<void>((resolve) => {
        host.close(() => resolve());
        host.closeAllConnections();
      });
    },
  ];
}

function definitionOf({ subscription: { topic, attempts, ordered }, handle }: Receiver): Definition {
  return {
    faasten: "function",
    on: { kind: "topic", topic, pubsub: "pubsub", attempts, ordered },
    uses: {},
    settle: async (arrival) =>
      arrival.kind === "event" ? await handle(arrival) : { kind: "dead", reason: "no event" },
    fail: (error) => ({ kind: "retry", reason: String(error) }),
  };
}

const account = once(() => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { privateKey, publicKey, email: "shop@conformance.iam.gserviceaccount.com" };
});

/** With a key of its own, or as an instance, which has Google sign for it. */
export async function bucketOnContract(
  as: "key" | "instance",
): Promise<[harness: BindingHarness, close: () => Promise<void>]> {
  const { privateKey, publicKey, email } = await account();
  const signBlob = (payload: Buffer): Buffer => sign("RSA-SHA256", payload, privateKey);
  const server = await startCloudStorage({ publicKey, email, signBlob });
  server.createBucket("conformance-test-files");
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const metadata = {
    ...{ endpoint: server.url, bucket: "conformance-test-files", client_email: email },
    ...(as === "key" && { private_key: key }),
  };
  const [component, second] = [await createBucket(named(metadata)), await createBucket(named(metadata))];
  const harness: BindingHarness = {
    ...{ component, second, storage: true },
    reach: (address, init) => fetch(address, init),
  };
  return [
    harness,
    async () => {
      await component.close?.();
      await second.close?.();
      await server.close();
    },
  ];
}

export async function parametersOnContract(): Promise<[harness: ConfigurationHarness, close: () => Promise<void>]> {
  const server = await startParameterManager();
  const prefix = `${project}/locations/global/parameters/${stage}`;
  const component = await createParameters(named({ endpoint: server.url, prefix }));
  let count = 0;
  const harness: ConfigurationHarness = {
    component,
    async plant(key, value) {
      server.addVersion(prefix + key, `v${++count}`, value);
      server.addVersion(prefix + key, `v${++count}`, "never in use", true);
    },
  };
  return [
    harness,
    async () => {
      await component.close?.();
      await server.close();
    },
  ];
}

/** A topic, whose subscription is pulled. */
export async function topicOnContract(): Promise<[harness: BindingHarness, close: () => Promise<void>]> {
  const server = await startPubSub();
  server.createTopic(`${project}/topics/${stage}work`);
  const component = await createTopic(named({ endpoint: server.url, topic: `${project}/topics/${stage}work` }));
  return [
    { component },
    async () => {
      await component.close?.();
      await server.close();
    },
  ];
}

function named(metadata: Record<string, string>): ComponentOptions {
  return { name: "store", service: "conformance", metadata };
}
