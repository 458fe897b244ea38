// How the stand-in for the host of Azure Functions serves HTTP: by the routes that are registered, through the worker's own
// server. Written from the library's side of that: how the real host does it is not proved.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, request as open, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import type { FunctionMetadata, InvocationRequest, TypedData } from "./functions-worker.ts";

export interface ProxyOptions {
  readonly functions: readonly FunctionMetadata[];
  /** Where `host.json` lies. */
  readonly folder: string;
  /** The worker's own server. */
  httpUri(): string;
  /** Whether the call succeeded. */
  invoke(name: string, request: Omit<InvocationRequest, "traceContext">): Promise<boolean>;
}

export function createProxy({ functions, folder, httpUri, invoke }: ProxyOptions): Server {
  const prefix = routePrefixOf(folder);

  /** The request itself goes to the worker's server; the call tells it which, and brings the headers. */
  function pass(incoming: IncomingMessage, response: ServerResponse, { name, trigger, params }: Match): void {
    const invocationId = randomUUID();
    const fields = Object.entries(incoming.headersDistinct);
    const headers = Object.fromEntries(fields.map(([key, values = []]) => [key, values.join(",")]));
    const { method, url = "/" } = incoming;
    const outgoing = open(new URL(url, httpUri()), { method, path: url, setHost: false });
    for (const [key, values = []] of fields) outgoing.setHeader(key, values);
    outgoing.setHeader("x-ms-invocation-id", invocationId);
    outgoing.setHeader("x-forwarded-host", incoming.headers.host ?? "");
    outgoing.setHeader("x-forwarded-proto", "https");
    outgoing.on("response", (reply) => {
      response.writeHead(reply.statusCode ?? 500, reply.rawHeaders);
      reply.pipe(response);
      reply.on("error", () => response.destroy());
    });
    outgoing.on("error", () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
    incoming.pipe(outgoing);
    void invoke(name, {
      invocationId,
      inputData: [{ name: trigger, data: { http: {} } }],
      triggerMetadata: { Query: { json: "{}" }, Headers: { json: JSON.stringify(headers) }, ...params },
    }).then((ok) => ok || outgoing.destroy());
  }

  return createServer((incoming, response) => {
    const found = functions.flatMap((metadata) => matchOf(metadata, prefix, incoming))[0];
    if (found) pass(incoming, response, found);
    else response.writeHead(404).end();
  });
}

interface Match {
  readonly name: string;
  readonly trigger: string;
  readonly params: Readonly<Record<string, TypedData>>;
}

function matchOf(
  { name, bindings }: FunctionMetadata,
  prefix: string,
  { method = "", url = "/" }: IncomingMessage,
): Match[] {
  return Object.entries(bindings).flatMap(([trigger, { type, methods, route }]) => {
    if (type !== "httpTrigger") return [];
    if (methods !== undefined && !(methods as readonly string[]).includes(method)) return [];
    const template = [prefix, String(route)].filter((part) => part !== "").join("/");
    const pattern = template.replaceAll(
      /\{(\*?)(\w+)\}/g,
      (_all, rest, param) => `(?<${param}>${rest ? ".*" : "[^/]+"})`,
    );
    const found = new RegExp(`^/${pattern}$`, "i").exec(url.split("?")[0] ?? "");
    if (!found) return [];
    const params = Object.entries(found.groups ?? {}).map(([key, string]) => [key, { string }] as const);
    return [{ name, trigger, params: Object.fromEntries(params) }];
  });
}

function routePrefixOf(folder: string): string {
  const { extensions } = JSON.parse(readFileSync(join(folder, "host.json"), "utf8")) as {
    extensions?: { http?: { routePrefix?: string } };
  };
  return extensions?.http?.routePrefix ?? "api";
}
