// A contract server of ours for a topic of Event Grid that takes CloudEvents.
// https://learn.microsoft.com/azure/event-grid/post-to-custom-topic
// https://learn.microsoft.com/azure/event-grid/cloud-event-schema
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface EventGrid {
  readonly topicEndpoint: string;
  readonly accessKey: string;
  /** As a subscription in the CloudEvents schema gets them: each alone. */
  readonly events: Readonly<Record<string, unknown>>[];
  close(): Promise<void>;
}

const largest = 1024 * 1024;

export async function startEventGrid(): Promise<EventGrid> {
  const accessKey = randomUUID();
  const events: Readonly<Record<string, unknown>>[] = [];
  const server = createServer(async (request, response) => {
    const { method, headers, url = "/" } = request;
    const body = await text(request);
    const refuse = (status: number, code: string): void => {
      response.writeHead(status, { "content-type": "application/json", "x-ms-request-id": randomUUID() });
      response.end(JSON.stringify({ error: { code, message: `${code}: this topic does not take that.` } }));
    };
    if (headers["aeg-sas-key"] !== accessKey) refuse(401, "Unauthorized");
    else if (method !== "POST" || !url.startsWith("/api/events?api-version=2018-01-01")) refuse(404, "NotFound");
    else if (!/^application\/cloudevents-batch\+json/.test(headers["content-type"] ?? "")) refuse(400, "BadRequest");
    else if (Buffer.byteLength(body) > largest) refuse(413, "PayloadTooLarge");
    else {
      const batch = JSON.parse(body) as Readonly<Record<string, unknown>>[];
      const isEvent = (each: Readonly<Record<string, unknown>>): boolean =>
        each["specversion"] === "1.0" && ["id", "source", "type"].every((name) => typeof each[name] === "string");
      if (!batch.every(isEvent)) refuse(400, "BadRequest");
      else {
        events.push(...batch);
        response.writeHead(200).end();
      }
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    topicEndpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/events`,
    accessKey,
    events,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
