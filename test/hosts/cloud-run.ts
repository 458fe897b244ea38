// What stands before a service: it lets in whom its policy names, takes a token's signature away, and starts an instance where
// there is none.
// https://docs.cloud.google.com/run/docs/authenticating/service-to-service
// https://docs.cloud.google.com/run/docs/troubleshooting#signature-removed
import { createServer, type IncomingMessage, type ServerResponse, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { Framework } from "./functions-framework.ts";

export interface RunOptions {
  start(): Promise<Framework>;
  /** Of IAM: `allUsers`, or `serviceAccount:<email>`. */
  readonly invokers: readonly string[];
  readonly audiences: readonly string[];
}

/** One request as it reaches the service. */
export interface RunRequest {
  readonly method: string;
  readonly path: string;
  readonly body: Buffer;
}

export interface CloudRun {
  readonly url: string;
  /** Until then nobody is let in. */
  open(options: RunOptions): void;
  /** Hears each request before its instance does, and its status before whoever asked does. */
  watch: (request: RunRequest, pass: () => Promise<number>) => Promise<number>;
  readonly starts: number;
  lines(): readonly string[];
  /** Ends the instance at once, as if its machine were lost; the next request finds a new one. */
  kill(): void;
  close(): Promise<void>;
}

export async function startCloudRun(): Promise<CloudRun> {
  let options: RunOptions | undefined;
  let instance: Promise<Framework> | undefined;
  let starts = 0;
  const instances: Framework[] = [];

  async function instanceOf({ start }: RunOptions): Promise<Framework> {
    instance ??= start().then((started) => {
      starts++;
      instances.push(started);
      return started;
    });
    return instance;
  }

  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const { method = "", url: path = "" } = request;
    const authorization = options && admitted(request, options);
    if (!options || authorization === undefined) return void response.writeHead(403).end();
    const one = await instanceOf(options);
    let reply: IncomingMessage | undefined;
    const status = await self.watch({ method, path, body }, async () => {
      reply = await pass(one, request, authorization, body);
      return reply?.statusCode ?? 503;
    });
    answer(response, reply, status);
  });

  const self: CloudRun = {
    url: "",
    open(given) {
      options = given;
    },
    watch: (_request, pass) => pass(),
    get starts() {
      return starts;
    },
    lines: () => instances.flatMap((one) => one.lines()),
    kill() {
      instance = undefined;
      instances.at(-1)?.signal("SIGKILL");
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await Promise.all(instances.map((one) => one.stop()));
    },
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(self, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

/** The header as the instance sees it; `undefined`: not let in. */
function admitted(
  { headers: { authorization = "" } }: IncomingMessage,
  { invokers, audiences }: RunOptions,
): string | undefined {
  if (invokers.includes("allUsers")) return authorization;
  const [, head, claims = ""] = /^Bearer ([\w-]+)\.([\w-]+)\.[\w-]+$/.exec(authorization) ?? [];
  const { aud, email, exp } = JSON.parse(Buffer.from(claims, "base64url").toString() || "{}");
  if (!audiences.includes(aud) || !invokers.includes(`serviceAccount:${email}`) || exp * 1000 < Date.now())
    return undefined;
  return `Bearer ${head}.${claims}.SIGNATURE_REMOVED_BY_GOOGLE`;
}

/** `undefined`: the instance was gone before it answered. */
function pass(to: Framework, { method, url = "/", headers }: IncomingMessage, authorization: string, body: Buffer) {
  return new Promise<IncomingMessage | undefined>((resolve) => {
    const onward = send(new URL(url, to.origin), {
      method,
      headers: { ...headers, ...(authorization !== "" && { authorization }) },
      agent: false,
    });
    onward
      .on("response", resolve)
      .on("error", () => resolve(undefined))
      .end(body);
  });
}

function answer(response: ServerResponse, reply: IncomingMessage | undefined, status: number): void {
  if (!reply) return void response.writeHead(status).end();
  response.writeHead(status, reply.headers);
  reply.on("error", () => response.destroy()).pipe(response);
}
