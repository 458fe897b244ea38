// The bindings that the cases run on.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { create as createHttp } from "../../providers/local/bindings/http.ts";
import { createOn, type Data } from "../../providers/local/bindings/in-memory.ts";
import { create as createStorage } from "../../providers/local/bindings/localstorage.ts";
import type { BindingHarness, BindingReceiver } from "../../src/conformance/cases.ts";
import { type Binding, type ComponentOptions, FaastenError } from "../../src/provider.ts";
import { s3OnContract, senders } from "./aws-bindings.ts";
import { azureBindings } from "./azure-bindings.ts";
import { bucketOnContract, topicOnContract } from "./gcp.ts";

type Open = () => Promise<[harness: BindingHarness, close: () => Promise<void>]>;

export const bindings: Readonly<Record<string, Open>> = {
  "bindings.localstorage": async () => {
    const folder = await mkdtemp(join(tmpdir(), "faasten-bindings-"));
    const rootPath = join(folder, "root");
    const component = await createStorage(named({ rootPath }));
    const harness: BindingHarness = {
      ...{ component, second: await createStorage(named({ rootPath })), storage: true },
      pump: (receivers) => consume(component, receivers),
      plant: plantIn(rootPath),
      reach: reachOf(component),
    };
    return [harness, () => end(folder, component, harness.second)];
  },

  "bindings.localstorage, two clients": async () => {
    const folder = await mkdtemp(join(tmpdir(), "faasten-bindings-"));
    const rootPath = join(folder, "root");
    const component = await createStorage(named({ rootPath }));
    let delivering: Binding | undefined;
    const harness: BindingHarness = {
      ...{ component, second: await createStorage(named({ rootPath })), storage: true },
      async pump(receivers) {
        delivering ??= await createStorage(named({ rootPath }));
        await consume(delivering, receivers);
      },
      async pause() {
        await delivering?.close?.();
        delivering = undefined;
      },
      plant: plantIn(rootPath),
    };
    return [harness, () => end(folder, component, harness.second, delivering)];
  },

  "bindings.in-memory": async () => {
    const data: Data = { objects: new Map(), inboxes: { inboxes: new Map(), watchers: new Set() } };
    const [component, second] = [createOn(data, named({})), createOn(data, named({}))];
    let delivering: Binding | undefined;
    const harness: BindingHarness = {
      ...{ component, second, storage: true },
      async pump(receivers) {
        delivering ??= createOn(data, named({}));
        await consume(delivering, receivers);
      },
      async pause() {
        await delivering?.close?.();
        delivering = undefined;
      },
      reach: reachOf(component),
    };
    const close = async (): Promise<void> => {
      for (const client of [component, second, delivering]) await client?.close?.();
    };
    return [harness, close];
  },

  "bindings.http": async () => {
    const server = createServer((_request, response) => response.writeHead(204).end()).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const component = await createHttp(named({ url: `http://127.0.0.1:${port}` }));
    const close = async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    };
    return [{ component }, close];
  },

  "bindings.aws.s3 (contract server)": s3OnContract,
  ...senders,
  ...azureBindings,
  "bindings.gcp.bucket (contract server)": () => bucketOnContract("key"),
  "bindings.gcp.bucket, signed by Google (contract server)": () => bucketOnContract("instance"),
  "bindings.gcp.pubsub (contract server)": topicOnContract,
};

async function consume(component: Binding, receivers: readonly BindingReceiver[]): Promise<void> {
  const inputs = receivers.map(({ input }) => input);
  await component.consume?.(inputs, async (input, arrival) => {
    const receiver = receivers.find((each) => each.input === input);
    return receiver ? receiver.handle(arrival) : { kind: "dead", reason: "nobody takes it" };
  });
}

function plantIn(rootPath: string): NonNullable<BindingHarness["plant"]> {
  return async (key, bytes) => {
    await mkdir(dirname(join(rootPath, key)), { recursive: true });
    await writeFile(join(rootPath, key), bytes);
  };
}

/** As the local server does it: a refusal is a status. */
function reachOf(component: Binding): NonNullable<BindingHarness["reach"]> {
  const answer = component.attach?.("http://127.0.0.1:3000/_faasten/bindings/binding");
  return async (address, init) => {
    try {
      return (await answer?.(new Request(address, init))) ?? Response.error();
    } catch (error) {
      return new Response(null, { status: error instanceof FaastenError ? error.status : 500 });
    }
  };
}

async function end(folder: string, ...clients: readonly (Binding | undefined)[]): Promise<void> {
  for (const client of clients) await client?.close?.();
  await rm(folder, { recursive: true });
}

function named(metadata: Record<string, string>): ComponentOptions {
  return { name: "binding", service: "conformance", metadata };
}
