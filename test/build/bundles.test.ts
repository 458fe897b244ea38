// What lies in each bundle of each target: of our providers' modules, exactly those that it needs.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import type { Weight } from "../../src/build/report.ts";
import { remove, repository } from "../dev/running.ts";
import { type BuiltApp, buildApp } from "./built.ts";
import { modules } from "./modules.ts";

/** Two functions of one file, of which one needs a library. */
const neighbours = {
  "neighbours.ts": `
import { http, topic } from "faasten";
import { marker } from "./library/marker.ts";
export const needsIt = http.get("/marker", { access: "public", isolate: true }, () => new Response(marker()));
export const needsItNot = topic("tasks").subscribe(() => {});
`,
  "library/marker.ts": `
export const marker = (): string => "the marker of a library";
`,
};

const folders: string[] = [];
const build = (...args: Parameters<typeof buildApp>): BuiltApp => {
  const built = buildApp(...args);
  folders.push(built.folder);
  return built;
};

afterAll(() => {
  for (const folder of folders) remove(folder);
});

for (const [target, expected] of Object.entries(modules)) {
  describe(target, () => {
    test("each bundle has its own modules of the providers, and no others", () => {
      const { output } = build("orders", target);
      const weights = JSON.parse(readFileSync(join(output, "report.json"), "utf8")) as Record<string, Weight>;
      const found = Object.fromEntries(
        Object.entries(weights).map(([name, { modules }]) => [
          name,
          Object.keys(modules)
            .filter((module) => module.startsWith("providers/"))
            .map((module) => module.slice("providers/".length)),
        ]),
      );
      const listed = Object.entries(expected).map(([name, list]) => [name, [...new Set(list)].sort()]);
      expect(found).toEqual(Object.fromEntries(listed));
      const strangers = Object.values(weights).flatMap(({ modules }) =>
        Object.keys(modules).filter(
          (module) =>
            module.startsWith("src/") && !/^src\/(?:blocks|bridge|functions|runtime|errors|once)/.test(module),
        ),
      );
      expect(strangers, "what only the tools need").toEqual([]);
    });

    test("what only a neighbour needs is dropped; two stages, folders, time zones and locales give the same bytes", () => {
      const [one, two] = [
        build("behaviours", target, {
          files: neighbours,
          flags: ["--stage", "dev"],
          env: { TZ: "Asia/Kolkata", LC_ALL: "C" },
        }),
        build("behaviours", target, {
          files: neighbours,
          flags: ["--stage", "prod"],
          env: { TZ: "America/New_York", LC_ALL: "de_DE.UTF-8" },
        }),
      ];
      /** A function's own, or that of the whole app. */
      const bundle = (name: string): string => {
        const own = join(one.output, "functions", name, "index.mjs");
        return readFileSync(existsSync(own) ? own : join(one.output, "app/index.mjs"), "utf8");
      };
      expect(bundle("needsIt")).toContain("the marker of a library");
      expect(bundle("needsItNot")).not.toContain("the marker of a library");
      const zips = readdirSync(one.output, { recursive: true, encoding: "utf8" }).filter((name) =>
        name.endsWith(".zip"),
      );
      expect(zips.length).toBeGreaterThan(0);
      for (const zip of zips)
        expect(readFileSync(join(one.output, zip)).equals(readFileSync(join(two.output, zip))), zip).toBe(true);
    });
  });
}

describe("a bundle on its own", () => {
  const hello = {
    "serverless.yml": "service: hello\nprovider: { name: aws }\ncustom: { faasten: { entry: [hello.ts] } }\n",
    "components/aws/secretstore.yaml": `
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: secretstore }
spec:
  type: secretstores.local.env
  version: v1
  metadata: [{ name: prefix, envRef: FAASTEN_SECRETSTORES_SECRETSTORE }]
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: greetings }
spec: { type: state.in-memory, version: v1 }
`,
    "hello.ts": `
import { http, secret, state } from "faasten";
const greetings = state<number>("greetings");
export const hello = http.get("/hello", { access: "public", uses: { greetings: greetings.readWrite, word: secret("word") } }, async (request, { greetings }) => {
  await greetings.set("a", 1);
  return Response.json({ to: request.headers.get("x-name") }, { status: 201 });
});
`,
  };
  const run = (file: string, env: Readonly<Record<string, string>>) =>
    spawnSync(
      process.execPath,
      ["--input-type=module", "-e", `const { handler } = await import(${JSON.stringify(file)}); ${callOnce}`],
      { env: { PATH: process.env["PATH"], ...env }, encoding: "utf8" },
    );
  const callOnce = `
    const event = { version: "2.0", routeKey: "GET /hello", rawPath: "/hello", rawQueryString: "", headers: { "x-name": "you" }, isBase64Encoded: false,
      requestContext: { http: { method: "GET", path: "/hello" }, stage: "$default", domainName: "api.example", requestId: "1" } };
    const reply = await handler(event, { awsRequestId: "1", getRemainingTimeInMillis: () => 5000 });
    console.log(JSON.stringify({ reply, undici: process.moduleLoadList.filter((name) => name.includes("undici")) }));`;

  test("answers without undici, and does not load without its variable, which it names", () => {
    const { output } = build("none", "aws", { files: hello });
    const file = pathToFileURL(join(output, "functions/hello/index.mjs")).href;
    const said = run(file, { FAASTEN_SECRETSTORES_SECRETSTORE: "mine" });
    expect(JSON.parse(said.stdout.trim().split("\n").at(-1) ?? ""), said.stderr).toMatchObject({
      reply: { statusCode: 201, body: '{"to":"you"}' },
      undici: [],
    });
    const without = run(file, {});
    expect(without.status).not.toBe(0);
    expect(without.stderr).toContain("FAASTEN_SECRETSTORES_SECRETSTORE");
  });

  test("what loads undici would be seen", () => {
    const planted = {
      ...hello,
      "hello.ts": `import "./planted.mjs";${hello["hello.ts"]}`,
      "planted.mjs": 'new globalThis["Res" + "ponse"]();',
    };
    const { output } = build("none", "aws", { files: planted });
    const said = run(pathToFileURL(join(output, "functions/hello/index.mjs")).href, {
      FAASTEN_SECRETSTORES_SECRETSTORE: "mine",
    });
    expect(JSON.parse(said.stdout.trim().split("\n").at(-1) ?? "").undici).not.toEqual([]);
  });

  test("a planted import of another module of a provider would be in the list", () => {
    const stray = join(repository, "providers/local/state/sqlite.ts");
    const planted = {
      ...hello,
      "hello.ts": `import { create } from ${JSON.stringify(stray)};\nglobalThis.stray = create;${hello["hello.ts"]}`,
    };
    const { output } = build("none", "aws", { files: planted });
    const weights = JSON.parse(readFileSync(join(output, "report.json"), "utf8")) as Record<string, Weight>;
    expect(Object.keys(weights["hello"]?.modules ?? {})).toContain("providers/local/state/sqlite");
  });
});
