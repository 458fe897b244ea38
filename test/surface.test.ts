// What the package shows, and the house rules: exports, imports, names, shapes, pages and sizes.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { allProviders, targets } from "../src/build/providers.ts";
import { httpStatePublish, measure, subscriberState } from "./surface/bundles.ts";
import { exportsOf } from "./surface/exports.ts";
import { circles, importBreaches } from "./surface/imports.ts";
import { pageBreaches } from "./surface/pages.ts";
import { long, longest, shapeBreaches } from "./surface/shape.ts";
import { readSources, root, say } from "./surface/source.ts";

interface Target {
  readonly "faasten-source": string;
  readonly types: string;
  readonly default: string;
}

const packageJson = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as {
  readonly exports: Readonly<Record<string, Target | string>>;
  readonly dependencies: Readonly<Record<string, string>>;
};
const declared = Object.keys(packageJson.dependencies);
const sources = readSources("src/**/*.ts", "providers/**/*.ts");
const entries = Object.entries(packageJson.exports).filter(
  (entry): entry is [string, Target] => typeof entry[1] !== "string",
);
const sourceOf = (entry: string): string =>
  entries.find(([name]) => name === entry)?.[1]["faasten-source"].slice(2) ?? "";

describe("exports", () => {
  const listed = (entry: string): string => {
    const names = [...exportsOf(sourceOf(entry), sources)].map(([name, kind]) =>
      kind === "type" ? `type ${name}` : name,
    );
    return names.sort().join("\n");
  };

  test("of faasten", () =>
    expect(listed(".")).toMatchInlineSnapshot(`
      "FaastenError
      binding
      configuration
      http
      http.any
      http.del
      http.delete
      http.fetch
      http.get
      http.head
      http.patch
      http.post
      http.put
      jwt
      lambda
      schedule
      secret
      service
      state
      topic
      type AwsEvent
      type AwsLambdaOptions
      type BindingClient
      type BindingDeclaration
      type BindingObject
      type Caller
      type Configuration
      type Context
      type Definition
      type Duration
      type Entry
      type ErrorCode
      type HttpContext
      type HttpDefinition
      type HttpHandler
      type HttpOptions
      type HttpTrigger
      type HttpTriggerOptions
      type JwtAccess
      type JwtRules
      type LambdaEvent
      type LambdaHandler
      type LambdaOptions
      type LambdaTrigger
      type Log
      type NativeCalls
      type NativeResult
      type ObjectChange
      type Publisher
      type ScheduleTrigger
      type Schema
      type Secret
      type Service
      type State
      type StateDeclaration
      type StateLister
      type StateReader
      type Subscribed
      type Tick
      type Topic
      type TopicEvent
      type http.HttpContext
      type http.HttpHandler
      type http.HttpMethod
      type http.HttpOptions
      type http.HttpTrigger
      type http.HttpTriggerOptions
      type http.Params"
    `));
  test("of faasten/provider", () =>
    expect(listed("./provider")).toMatchInlineSnapshot(`
      "FaastenError
      Redeliver
      buried
      checkKey
      checkOperations
      createAsk
      createRouter
      createRoutes
      createRunner
      createWeb
      duration
      failedRequest
      fieldOf
      flag
      foundDead
      fromBatch
      fromBinary
      fromDeadLetter
      fromMessage
      fromNode
      fromStructured
      httpTrigger
      inboxOf
      isLambdaVariable
      isOfConnection
      kebab
      maxBodyBytes
      once
      physicalName
      problem
      provedBase
      readBody
      respond
      sendRequest
      setting
      sha256
      subscriptionOf
      timetableOf
      toBuffered
      toDeadLetter
      toNative
      toPath
      toProblem
      toPublished
      toReply
      toRequest
      toResponse
      toStructured
      type Access
      type Answered
      type App
      type Architecture
      type Argument
      type Arrival
      type Ask
      type AskOptions
      type AwsEvent
      type AwsSection
      type Binding
      type BindingData
      type BindingInput
      type BindingObject
      type Block
      type Bound
      type Call
      type CallOptions
      type Caller
      type Change
      type Clients
      type Clock
      type CloudEvent
      type Component
      type ComponentOptions
      type Condition
      type ConfigurationItem
      type ConfigurationStore
      type Cors
      type Create
      type CreateOptions
      type Created
      type Death
      type Definition
      type Emit
      type ErrorCode
      type Etag
      type EventArrival
      type ForeignMessage
      type Grant
      type Graph
      type GraphComponent
      type GraphDeployable
      type GraphFunction
      type GraphGrant
      type GraphSection
      type HttpDefinition
      type Inbox
      type Invocation
      type Journal
      type LambdaEvent
      type LambdaHttpEvent
      type Level
      type ListOptions
      type Listed
      type Log
      type MakePlan
      type MalformedArrival
      type Mark
      type MetadataFields
      type MetadataValue
      type NativeReply
      type NativeRequest
      type ObjectChange
      type Origin
      type Outcome
      type Params
      type Permission
      type Piece
      type Plan
      type Planned
      type PresignOptions
      type Problem
      type Program
      type Provider
      type PubSub
      type PublishOptions
      type ReadChanges
      type ReadOptions
      type Reading
      type Reply
      type ReplyBody
      type RequestArrival
      type RequestSending
      type Right
      type Route
      type RoutedRequest
      type Router
      type Routes
      type Runner
      type SecretStore
      type Serve
      type Served
      type ServiceCaller
      type ServiceRequest
      type SetOptions
      type Settled
      type Sink
      type Stack
      type StackInput
      type StateEntry
      type StateOperation
      type StateOptions
      type StateStore
      type Step
      type Subscription
      type Timetable
      type Trigger
      type TriggerSpec
      type Uses
      type Value
      type Want
      type WebOptions
      variableOf
      writeReply
      written"
    `));
  test("of faasten/testing", () =>
    expect(listed("./testing")).toMatchInlineSnapshot(`
    "testApp
    type As
    type DeadLetter
    type DeliverChoice
    type FetchInit
    type Functions
    type LogLine
    type Outcome
    type Sent
    type Supplies
    type TestApp
    type TestOptions"
  `));
  test("of faasten/conformance", () =>
    expect(listed("./conformance")).toMatchInlineSnapshot(`
      "bindingCases
      configurationCases
      lacks
      pubsubCases
      secretStoreCases
      serviceCallerCases
      stateCases
      type BindingHarness
      type BindingReceiver
      type Case
      type ConfigurationHarness
      type Harness
      type PubSubHarness
      type Receiver
      type SecretStoreHarness
      type ServiceArrival
      type ServiceHarness
      type StateHarness"
    `));
  test("of faasten/globals", () =>
    expect(listed("./globals")).toMatchInlineSnapshot(`
    "Headers
    Request
    Response
    fetch"
  `));

  test("of faasten/section", () =>
    expect(listed("./section")).toMatchInlineSnapshot(`
    "below
    byBody
    byBus
    byObject
    filtered
    invoked
    limited
    withInput"
  `));

  test("of faasten/serverless", () =>
    expect(listed("./serverless")).toMatchInlineSnapshot(`
    "FaastenPlugin
    default"
  `));

  test("the map names these entries, and each one's source is where its build comes from", () => {
    expect(entries.map(([name]) => name)).toEqual([
      ".",
      "./provider",
      "./testing",
      "./conformance",
      "./globals",
      "./section",
      "./serverless",
    ]);
    for (const [, { "faasten-source": source, types, default: built }] of entries) {
      expect(existsSync(new URL(source, root)), source).toBe(true);
      expect([types, built]).toEqual(
        [".d.ts", ".js"].map((end) => source.replace("./", "./dist/").replace(/\.ts$/, end)),
      );
    }
  });

  test("whatever lies in src itself is an entry, or the ground", () => {
    const ground = ["errors.ts", "once.ts"];
    const files = readdirSync(new URL("src", root)).filter((name) => name.endsWith(".ts") && !ground.includes(name));
    expect(files.filter((name) => !entries.some(([, target]) => target["faasten-source"] === `./src/${name}`))).toEqual(
      [],
    );
  });
});

describe("imports", () => {
  test("each room imports what the table lets it", () => expect(say(importBreaches(sources, declared))).toEqual([]));
  test("none goes in a circle", () => expect(circles(sources)).toEqual([]));
});

describe("shape", () => {
  test("files are named, begun, and kept as the house has it", () => {
    const many = sources.filter(({ text }) => text.split("\n").length > long).map(({ path }) => path);
    if (many.length > 0) console.log(`longer than ${long} lines, of ${longest} at most: ${many.join(", ")}`);
    expect(say(shapeBreaches(sources))).toEqual([]);
  });
});

describe("providers", () => {
  test("every folder of a cloud is a target", () => {
    expect(readdirSync(new URL("providers", root)).sort()).toEqual([...targets].sort());
  });

  test("pages and files are equal both ways, and every module exports what its kind does", async () => {
    for (const page of await allProviders()) expect(say(pageBreaches(page, sources))).toEqual([]);
  });
});

describe("our share of a function's bundle, minified", () => {
  const sizes: readonly (readonly [name: string, entry: string, goal: number, ceiling: number])[] = [
    ["HTTP, state and publish", httpStatePublish, 15 * 1024, 35_280],
    ["a subscriber and state", subscriberState, 8 * 1024, 24_550],
  ];
  test.each(sizes)("%s", async (name, entry, goal, ceiling) => {
    const { bytes, heaviest, loads, packages } = await measure(entry);
    const most = heaviest.slice(0, 5).map(([file, weight]) => `${file} ${weight}`);
    if (bytes > goal) console.log(`${name}: ${bytes} bytes, and the goal is ${goal}; most of it: ${most.join(", ")}`);
    expect(bytes, `the heaviest: ${most.join(", ")}`).toBeLessThanOrEqual(ceiling);
    expect(bytes, "it shrank: lower the ceiling with it").toBeGreaterThan(ceiling * 0.9);
    expect(loads).toEqual([]);
    expect(packages).toEqual([]);
  });
});

describe("the lockfile", () => {
  const lock = readFileSync(new URL("package-lock.json", root), "utf8");

  test("names no address: each package comes from the registry that is configured", () => {
    const resolved = [...lock.matchAll(/"resolved": "([^"]+)"/g)].map(([, from]) => from);
    expect(resolved).toEqual(["test/node"]);
  });

  test("has a hash of each", () => {
    const { packages } = JSON.parse(lock) as {
      readonly packages: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    };
    const bare = Object.entries(packages).filter(
      ([path, { link, integrity }]) => path.includes("node_modules/") && !link && !integrity,
    );
    expect(bare.map(([path]) => path)).toEqual([]);
  });
});
