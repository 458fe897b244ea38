// Messages to a queue of Azure Storage, each the data alone, in base64 unless the YAML says otherwise: so the Functions host takes them.
// https://learn.microsoft.com/rest/api/storageservices/put-message
// https://docs.dapr.io/reference/components-reference/supported-bindings/storagequeues/
import { QueueClient, StorageSharedKeyCredential } from "@azure/storage-queue";
import {
  type Binding,
  type ComponentOptions,
  type Create,
  duration,
  FaastenError,
  setting,
} from "../../../src/provider.ts";
import { createClient } from "../client.ts";
import type { Credential } from "../credential.ts";
import { bytesOf, textOf } from "../message-data.ts";

export const create: Create<Required<Pick<Binding, "create" | "close">>> = (options) => {
  const where = `binding "${options.name}"`;
  const isEncoded = setting(options, "encodeBase64") !== "false";
  const [ttl, delay] = [secondsOf(options, "ttl"), secondsOf(options, "initialVisibilityDelay")];
  const { call, close } = createClient(options, (credential) => queueOf(options, credential));
  return {
    /** The metadata `ttlinseconds` and `initialvisibilitydelay`, in seconds, are of this message alone. */
    async create(data, { signal } = {}) {
      const text = isEncoded ? Buffer.from(bytesOf(data)).toString("base64") : textOf(data, where);
      checkSize(text, where);
      const { ttlinseconds, initialvisibilitydelay } = data.metadata ?? {};
      const messageTimeToLive = wholeSeconds(ttlinseconds, "ttlinseconds", where) ?? ttl ?? forever;
      const visibilityTimeout = wholeSeconds(initialvisibilitydelay, "initialvisibilitydelay", where) ?? delay;
      const { messageId } = await call(
        "put message",
        (queue, sdk) =>
          queue.sendMessage(text, {
            ...sdk,
            messageTimeToLive,
            ...(visibilityTimeout !== undefined && { visibilityTimeout }),
          }),
        { ...(signal && { signal }) },
      );
      return { key: messageId };
    },
    close,
  };
};

/** What is not handled must not be lost quietly. */
const forever = -1;

async function queueOf(options: ComponentOptions, credential: () => Promise<Credential>): Promise<QueueClient> {
  const [account, key, name] = ["accountName", "accountKey", "queueName"].map((field) => setting(options, field));
  const endpoint = setting(options, "queueEndpoint") ?? `https://${account}.queue.core.windows.net`;
  const url = name === undefined ? endpoint : `${endpoint.replace(/\/$/, "")}/${name}`;
  // A client library that repeats a message whose reply was lost sends it twice, which a queue allows.
  if (account !== undefined && key !== undefined)
    return new QueueClient(url, new StorageSharedKeyCredential(account, key));
  return new QueueClient(url, await credential());
}

/** 64 KiB, as they are stored. */
function checkSize(text: string, where: string): void {
  const size = Buffer.byteLength(text);
  if (size <= 65_536) return;
  throw new FaastenError("TOO_LARGE", `${where}: a message of a queue holds 65536 bytes, and this one has ${size}`);
}

function secondsOf(options: ComponentOptions, field: string): number | undefined {
  const milliseconds = setting(options, field) === undefined ? undefined : duration(options, field, 0);
  return milliseconds === undefined ? undefined : Math.ceil(milliseconds / 1000);
}

function wholeSeconds(text: string | undefined, name: string, where: string): number | undefined {
  if (text === undefined || /^\d{1,9}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw new FaastenError("INVALID", `${where}: ${name} is a number of seconds, and not ${JSON.stringify(text)}`);
}
