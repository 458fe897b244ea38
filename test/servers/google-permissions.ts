// What Google asks of whoever makes a call, and on which resource: the pages that providers/gcp/stack/rights.ts names.
export interface GoogleCall {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body: string;
}

export function permissionsFor({ method, path, body }: GoogleCall): readonly string[] {
  const json = (): { readonly writes?: readonly Write[] } => JSON.parse(body || "{}");
  if (path.endsWith(":batchGet")) return ["datastore.entities.get"];
  if (path.endsWith(":runQuery")) return ["datastore.entities.get", "datastore.entities.list"];
  if (path.endsWith(":commit")) return (json().writes ?? []).flatMap(ofWrite);
  if (path.endsWith(":publish")) return ["pubsub.topics.publish"];
  if (/:(?:pull|acknowledge|modifyAckDeadline)$/.test(path)) return ["pubsub.subscriptions.consume"];
  if (path.endsWith(":access")) return ["secretmanager.versions.access"];
  if (/\/parameters\/[^/]+\/versions(?:\?|$)/.test(path)) return ["parametermanager.parameterVersions.list"];
  if (/\/parameters\/[^/]+\/versions\//.test(path)) return ["parametermanager.parameterVersions.get"];
  if (path.endsWith(":signBlob")) return ["iam.serviceAccounts.signBlob"];
  if (path.startsWith("/upload/")) return ["storage.objects.create", "storage.objects.delete"];
  if (path.includes("/rewriteTo/")) return ["create", "delete", "get"].map((name) => `storage.objects.${name}`);
  if (method === "DELETE") return ["storage.objects.delete"];
  if (/\/o\?/.test(path)) return ["storage.objects.list"];
  if (/\/o\//.test(path)) return ["storage.objects.get"];
  throw new Error(`nobody knows what ${method} ${path} needs`);
}

/** What a policy lies on: a database, a topic, a subscription, a secret, a bucket; of parameters their project. */
export function resourceOf({ path }: GoogleCall): string {
  const [, bucket] = /^(?:\/upload)?\/storage\/v1\/b\/([^/?]+)/.exec(path) ?? [];
  if (bucket !== undefined) return bucket;
  const [, resource] =
    /^\/v1\/(projects\/[^/]+(?=\/locations\/)|projects\/[^/]+\/(?:databases|topics|subscriptions|secrets)\/[^/:]+)/.exec(
      decodeURIComponent(path),
    ) ?? [];
  if (resource === undefined) throw new Error(`nobody knows whose ${path} is`);
  return resource;
}

interface Write {
  readonly delete?: string;
  readonly currentDocument?: { readonly exists?: boolean };
}

function ofWrite({ delete: removed, currentDocument }: Write): readonly string[] {
  if (removed !== undefined) return ["datastore.entities.delete"];
  if (!currentDocument) return ["datastore.entities.create", "datastore.entities.update"];
  return currentDocument.exists === false ? ["datastore.entities.create"] : ["datastore.entities.update"];
}
