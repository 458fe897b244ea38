// Inboxes as a stack of AWS sets them up: a queue each, one beside it for its dead letters, and the mapping to its function.
import { SQSClient } from "@aws-sdk/client-sqs";
import type { FauxqsServer } from "fauxqs";
import { type App, createRunner, kebab, type Served, variableOf } from "../../src/provider.ts";
import { type Mapping, startMapping } from "../servers/event-source-mapping.ts";

export interface Inboxes {
  /** The queue's name. `filled` is called once, where it is new: with what sends to it. */
  make(of: InboxOf, filled: (queue: string) => void): string;
  /** From now on what lies in them reaches these, and no others. */
  map(all: readonly (InboxOf & { readonly served: Served })[], app: Pick<App, "components" | "inbox">): void;
  stop(): Promise<void>;
  close(): Promise<void>;
}

interface InboxOf {
  readonly subscriber: string;
  readonly attempts: number;
  readonly ordered: boolean;
}

export interface Account {
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

export function createInboxes(server: FauxqsServer, { region, accessKey, secretKey }: Account): Inboxes {
  const endpoint = `http://127.0.0.1:${server.port}`;
  const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey };
  const client = new SQSClient({ endpoint, region, credentials });
  const made = new Set<string>();
  let mappings: Mapping[] = [];

  const nameOf = ({ subscriber, ordered }: InboxOf): string => `${kebab(subscriber)}${ordered ? ".fifo" : ""}`;

  async function stop(): Promise<void> {
    await Promise.all(mappings.splice(0).map((mapping) => mapping.stop()));
  }

  return {
    make(of, filled) {
      const { subscriber, attempts, ordered } = of;
      const own = nameOf(of);
      if (made.has(own)) return own;
      made.add(own);
      const kind = ordered ? { FifoQueue: "true" } : {};
      const dead = `${kebab(subscriber)}-dead${ordered ? ".fifo" : ""}`;
      const { queueArn: deadLetterTargetArn } = server.createQueue(dead, { region, attributes: kind });
      const { queueUrl } = server.createQueue(own, {
        region,
        attributes: {
          ...kind,
          VisibilityTimeout: "2",
          RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: attempts }),
        },
      });
      process.env[variableOf("inbox", subscriber)] = queueUrl;
      filled(own);
      return own;
    },

    map(all, app) {
      mappings = all.map(({ served, ...of }) => {
        const runner = createRunner({ service: "conformance", functions: [served], ...app }, () => undefined);
        const { url: queueUrl = "", arn: queueArn = "" } = server.inspectQueue(nameOf(of)) ?? {};
        let calls = 0;
        return startMapping({
          client,
          queueUrl,
          queueArn,
          invoke: (payload) =>
            runner.run(served, {
              id: `${of.subscriber}-${++calls}`,
              payload,
              context: {},
              deadline: Date.now() + 30_000,
            }),
        });
      });
    },

    stop,
    async close() {
      await stop();
      client.destroy();
      await server.stop();
    },
  };
}
