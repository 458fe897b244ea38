// The callers of services that the cases run on: each asks a service over a real socket, or within this process.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create as createAws } from "../../providers/aws/invocation/http.ts";
import { create as createAzure } from "../../providers/azure/invocation/http.ts";
import { create as createGoogle } from "../../providers/gcp/invocation/http.ts";
import { create as createHttp } from "../../providers/local/invocation/http.ts";
import { create as createLocal } from "../../providers/local/invocation/local.ts";
import type { ServiceArrival, ServiceHarness } from "../../src/conformance/cases.ts";
import { once } from "../../src/once.ts";
import type { ServiceCaller } from "../../src/provider.ts";
import { fromNode, readBody, toReply, writeReply } from "../../src/provider.ts";
import { startMetadata } from "../servers/metadata.ts";
import { type SignedRequest, signatureError } from "../servers/sigv4.ts";
import { vault } from "./azure.ts";

type Open = () => Promise<[harness: ServiceHarness, close: () => Promise<void>]>;
type Answer = (arrival: ServiceArrival) => Response | Promise<Response>;

export const serviceCallers: Readonly<Record<string, Open>> = {
  "invocation.http": () => overHttp("", (baseUrl) => named("billing", { baseUrl }).then(createHttp)),
  "invocation.http, below a path": () =>
    overHttp("/v1/billing", (baseUrl) => named("billing", { baseUrl: `${baseUrl}/` }).then(createHttp)),

  "invocation.local, another app": async () => {
    const folder = await mkdtemp(join(tmpdir(), "faasten-service-"));
    const [harness, close] = await overHttp("", async (baseUrl) => {
      const known = { service: "billing", port: Number(new URL(baseUrl).port), token: "t", pid: process.pid };
      await mkdir(join(folder, ".faasten/local"), { recursive: true });
      await writeFile(join(folder, ".faasten/local/dev.json"), JSON.stringify(known));
      return createLocal(await named("billing", { folder }));
    });
    return [harness, async () => void (await Promise.all([close(), rm(folder, { recursive: true })]))];
  },

  "invocation.local, itself": async () => {
    const { server: stray, strays, close } = await straying();
    const component = await createLocal(await named("shop", {}));
    let answer: Answer = () => new Response();
    component.attach?.(async (request) => {
      const { pathname, search } = new URL(request.url);
      const body = new Uint8Array(await request.arrayBuffer());
      return answer({ method: request.method, path: pathname + search, headers: request.headers, body });
    });
    const harness: ServiceHarness = {
      component,
      elsewhere: addressOf(stray),
      strays,
      answer: (reply) => {
        answer = reply;
      },
    };
    return [harness, close];
  },

  /** Whatever is not signed for it is refused, as API Gateway does. */
  "invocation.aws.http (contract server)": () =>
    overHttp(
      "",
      (baseUrl) => named("billing", { ...awsAccess, baseUrl }).then(createAws),
      (request) => signatureError(request, { service: "execute-api", region: "eu-west-1", secretOf: () => "secret" }),
    ),
  "invocation.azure.http (contract server)": async () => {
    await vault();
    return overHttp("", (baseUrl) => named("billing", { baseUrl, audience: "api://billing" }).then(createAzure));
  },
  "invocation.gcp.http (contract server)": async () => {
    const { host } = await metadata();
    Object.assign(process.env, { K_SERVICE: "shop", GCE_METADATA_HOST: host });
    return overHttp("", (baseUrl) => named("billing", { baseUrl }).then(createGoogle));
  },
};

/** One instance for all cases. */
const metadata = once(startMetadata);

async function named(name: string, metadata: Record<string, string>) {
  return { name, service: "shop", metadata };
}

const awsAccess = { region: "eu-west-1", accessKey: "key", secretKey: "secret", sessionToken: "session" };

async function overHttp(
  below: string,
  make: (baseUrl: string) => Promise<ServiceCaller>,
  refused: (request: SignedRequest) => string | undefined = () => undefined,
): ReturnType<Open> {
  const { server: stray, strays, close: closeStray } = await straying();
  let answer: Answer = () => new Response();
  const server = createServer(async (message, response) => {
    const path = (message.url ?? "").slice(below.length);
    const body = (await readBody(message, 1_000_000)) ?? new Uint8Array();
    const { request } = fromNode(message, body, "http");
    const headers = new Headers(request.headers);
    const wrong = refused({ method: message.method ?? "", url: message.url ?? "", headers: message.headers, body });
    if (wrong !== undefined) return void response.writeHead(403).end(wrong);
    const reply = await answer({ method: message.method ?? "", path, headers, body });
    await writeReply(response, toReply(reply)).catch(() => undefined);
  });
  await listen(server);
  const component = await make(`${addressOf(server)}${below}`);
  const closed = createServer();
  await listen(closed);
  const unreachable = createHttp(await named("nobody", { baseUrl: addressOf(closed) }));
  await end(closed);
  const harness: ServiceHarness = {
    component,
    elsewhere: addressOf(stray),
    strays,
    answer: (reply) => {
      answer = reply;
    },
    unreachable: await unreachable,
  };
  return [harness, async () => void (await Promise.all([end(server), closeStray()]))];
}

async function straying(): Promise<{ server: Server; strays: () => number; close: () => Promise<void> }> {
  let count = 0;
  const server = createServer((_message, response) => {
    count++;
    response.end();
  });
  await listen(server);
  return { server, strays: () => count, close: () => end(server) };
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
}

function end(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
