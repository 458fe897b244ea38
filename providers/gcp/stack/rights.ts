// What each right on each type of component is called by Google: the permissions that its calls need, and no other. A role of
// Google's own is used where it is exactly those; else the stack makes one.
import type { GraphGrant } from "../../../src/provider.ts";

/** `name`: of the role that the stack makes. `wider`: Google's own that holds it, for another project's resources, where no role of ours is known. */
export interface Right {
  readonly permissions: readonly string[];
  readonly role: { readonly name: string; readonly wider: string } | string;
  readonly page: string;
}

const firestore = "https://docs.cloud.google.com/firestore/native/docs/security/iam#required_permissions";
const [read, write] = [
  "datastore.entities.get",
  ["create", "delete", "get", "update"].map((one) => `datastore.entities.${one}`),
];

const state: Readonly<Record<string, Right>> = {
  read: { permissions: [read], role: { name: "state-read", wider: "roles/datastore.viewer" }, page: firestore },
  readWrite: { permissions: write, role: { name: "state-write", wider: "roles/datastore.user" }, page: firestore },
  // A query reads what it finds.
  list: {
    permissions: [read, "datastore.entities.list"],
    role: { name: "state-list", wider: "roles/datastore.viewer" },
    page: firestore,
  },
};

const publish: Right = {
  permissions: ["pubsub.topics.publish"],
  role: "roles/pubsub.publisher",
  page: "https://docs.cloud.google.com/pubsub/docs/access-control#pubsub.publisher",
};

export const secretRight: Right = {
  permissions: ["secretmanager.versions.access"],
  role: "roles/secretmanager.secretAccessor",
  page: "https://docs.cloud.google.com/secret-manager/docs/access-control#secretmanager.secretAccessor",
};

const parameters: Right = {
  permissions: ["parametermanager.parameterVersions.get", "parametermanager.parameterVersions.list"],
  role: { name: "configuration-read", wider: "roles/parametermanager.parameterViewer" },
  page: "https://docs.cloud.google.com/iam/docs/roles-permissions/parametermanager",
};

/** The role may also run jobs, of which a service has none. */
const call: Right = {
  permissions: ["run.routes.invoke"],
  role: "roles/run.invoker",
  page: "https://docs.cloud.google.com/run/docs/reference/iam/roles#run.invoker",
};

/** Of an account on itself, whose key Google keeps. */
export const signRight: Right = {
  permissions: ["iam.serviceAccounts.signBlob"],
  role: { name: "sign", wider: "roles/iam.serviceAccountTokenCreator" },
  page: "https://docs.cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signBlob",
};

/**
 * To replace an object is to delete the one before. Whoever may not list is told of an object that is not there that it is forbidden.
 * https://docs.cloud.google.com/storage/docs/access-control/iam-json
 */
const objects: Readonly<Record<string, readonly string[]>> = {
  create: ["create", "delete"],
  get: ["get", "list"],
  list: ["list"],
  delete: ["delete", "list"],
  presign: ["create", "delete", "get"],
  copy: ["create", "delete", "get"],
  move: ["create", "delete", "get", "list"],
  rename: ["create", "delete", "get", "list"],
};

function bucketRight(operations: readonly string[]): Right {
  const needed = [...new Set(operations.flatMap((one) => objects[one] ?? []))].sort();
  return {
    permissions: needed.map((one) => `storage.objects.${one}`),
    role: { name: `objects-${needed.join("-")}`, wider: "roles/storage.objectUser" },
    page: "https://docs.cloud.google.com/storage/docs/access-control/iam-json",
  };
}

/** `undefined`: the stack of this cloud knows nothing of it. */
export function rightOf(
  type: string,
  { right, operations = [] }: Pick<GraphGrant, "right" | "operations">,
): Right | undefined {
  switch (type) {
    case "state.gcp.firestore.native":
      return state[right];
    case "pubsub.gcp.pubsub":
    case "bindings.gcp.pubsub":
      return publish;
    case "bindings.gcp.bucket":
      return bucketRight(operations);
    case "secretstores.gcp.secretmanager":
      return secretRight;
    case "configuration.gcp.parametermanager":
      return parameters;
    case "invocation.gcp.http":
      return call;
  }
  return undefined;
}
