// The components of Google Cloud on contract servers of ours, over real sockets.

import { idOf } from "../../providers/gcp/document-id.ts";
import { create as createFirestore } from "../../providers/gcp/state/firestore-native.ts";
import type { StateHarness } from "../../src/conformance/cases.ts";
import { once } from "../../src/once.ts";
import type { ComponentOptions } from "../../src/provider.ts";
import { createFaultProxy } from "../servers/faults.ts";
import { startFirestore } from "../servers/firestore.ts";

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

function named(metadata: Record<string, string>): ComponentOptions {
  return { name: "store", service: "conformance", metadata };
}
