// What the Functions host does between a queue of Service Bus and a function: it takes one message at a time, calls, and completes what
// succeeded and gives back what failed. https://learn.microsoft.com/azure/azure-functions/functions-bindings-service-bus-trigger
import type { ServiceBusClient, ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";

export interface PumpOptions {
  readonly client: ServiceBusClient;
  readonly queue: string;
  readonly sessions: boolean;
  /** Calls, or sessions, that may run at once. */
  readonly concurrency?: number;
  /** Calls the function: what it throws fails the call. */
  invoke(message: ServiceBusReceivedMessage): Promise<unknown>;
}

export interface Pump {
  /** What was taken is handled to its end. */
  stop(): Promise<void>;
}

export function startPump(options: PumpOptions): Pump {
  const { client, queue, sessions, concurrency = 4 } = options;
  const ended = new AbortController();
  const isEnded = (): boolean => ended.signal.aborted;
  const take = async (receiver: ServiceBusReceiver, maxWaitTimeInMs: number): Promise<number> => {
    const messages = await receiver.receiveMessages(1, { maxWaitTimeInMs }).catch(() => []);
    for (const message of messages) await handle(options, receiver, message);
    return messages.length;
  };
  const plain = async (): Promise<void> => {
    const receiver = client.createReceiver(queue, { skipParsingBodyAsJson: true });
    while (!isEnded()) await take(receiver, 300);
    await receiver.close();
  };
  const inSessions = async (): Promise<void> => {
    while (!isEnded()) {
      const receiver = await client.acceptNextSession(queue, { skipParsingBodyAsJson: true }).catch(() => undefined);
      if (!receiver) await new Promise((resolve) => setTimeout(resolve, 20));
      else {
        while (!isEnded() && (await take(receiver, 1000)) > 0);
        await receiver.close();
      }
    }
  };
  const running = Array.from({ length: concurrency }, sessions ? inSessions : plain);
  return {
    async stop() {
      ended.abort();
      await Promise.all(running);
    },
  };
}

async function handle(
  { invoke }: PumpOptions,
  receiver: ServiceBusReceiver,
  message: ServiceBusReceivedMessage,
): Promise<void> {
  try {
    await invoke(message);
  } catch {
    await receiver.abandonMessage(message).catch(() => undefined);
    return;
  }
  await receiver.completeMessage(message).catch(() => undefined);
}

/** As the library has them, which parses every text that is JSON. */
export function toMetadata(message: ServiceBusReceivedMessage): Readonly<Record<string, unknown>> {
  const { messageId, sessionId, contentType, lockToken, enqueuedTimeUtc, sequenceNumber, applicationProperties } =
    message;
  return {
    messageId: parsed(messageId),
    ...(sessionId !== undefined && { sessionId: parsed(sessionId) }),
    ...(contentType !== undefined && { contentType }),
    ...(applicationProperties && { applicationProperties }),
    lockToken,
    sequenceNumber: Number(sequenceNumber),
    enqueuedTimeUtc: enqueuedTimeUtc?.toISOString(),
    // The host's client counts the delivery that is under way.
    deliveryCount: (message.deliveryCount ?? 0) + 1,
  };
}

function parsed(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return text;
  }
}
