// Google Cloud, on one page.
import type { Provider } from "../../src/provider.ts";

/** What a service account's key file holds, spelt as Dapr spells it: in snake case, or in camel case. */
const account = [
  "type",
  "project_id",
  "private_key_id",
  "private_key",
  "client_email",
  "client_id",
  "auth_uri",
  "token_uri",
  "auth_provider_x509_cert_url",
  "client_x509_cert_url",
  "projectId",
  "privateKeyId",
  "privateKey",
  "clientEmail",
  "clientId",
  "authUri",
  "tokenUri",
  "authProviderX509CertUrl",
  "clientX509CertUrl",
] as const;

/** Whom to call and as whom. Without them, Application Default Credentials decide. */
const connection = ["endpoint", ...account] as const;

export const gcp: Provider = {
  name: "gcp",
  page: import.meta.url,
  defaults: {
    state: "state.gcp.firestore.native",
    pubsub: "pubsub.gcp.pubsub",
    secretstores: "secretstores.gcp.secretmanager",
    configuration: "configuration.gcp.parametermanager",
    invocation: "invocation.gcp.http",
    bindings: "bindings.gcp.bucket",
  },
  components: {
    "bindings.gcp.bucket": {
      resource: "bucket",
      optional: [...connection],
      operations: ["create", "get", "list", "delete", "presign", "copy", "move", "rename"],
    },
    "bindings.gcp.pubsub": { resource: "topic", optional: [...connection], operations: ["create"] },
    "configuration.gcp.parametermanager": { resource: "prefix", optional: [...connection] },
    "invocation.gcp.http": { resource: "baseUrl", optional: ["audience", ...account] },
    "pubsub.gcp.pubsub": { resource: "topicPrefix", optional: [...connection] },
    "secretstores.gcp.secretmanager": { resource: "prefix", optional: [...connection] },
    "state.gcp.firestore": {
      refused:
        "Dapr keeps it in Firestore's Datastore mode with neither etag nor expiry, on which no conditional write can be built: use `state.gcp.firestore.native`, on a database in native mode",
    },
    "state.gcp.firestore.native": { resource: "collection", optional: [...connection, "database", "keyPrefix"] },
  },
  triggers: {
    "bindings.gcp.bucket": ["eventarc", "storage-push"],
    "bindings.gcp.pubsub": ["pubsub-push"],
    http: ["http"],
    "pubsub.gcp.pubsub": ["pubsub-push"],
    "pubsub.in-memory": ["pubsub-push"],
    "pubsub.sqlite": ["pubsub-push"],
    schedule: ["scheduler"],
    "bindings.cron": ["scheduler"],
  },
  hosts: { default: "host" },
  plan: "plan",
  stack: "stack/emit",
  bundle: { http: "app", event: "function", external: ["google-auth-library"] },
  // The framework serves the bundle, and is no part of it: a bundled copy would be another one than the server's. The library of
  // credentials is for keys alone, and would cost each instance without one its load.
  files: {
    "package.json": `${JSON.stringify(
      {
        private: true,
        type: "module",
        main: "index.mjs",
        dependencies: { "@google-cloud/functions-framework": "5.0.5", "google-auth-library": "^11.3.4" },
      },
      null,
      2,
    )}\n`,
  },
};
