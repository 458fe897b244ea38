// `sls package` with the plugin: the stack that `faasten build` emits, in the framework's own template, and our archives.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { unzipSync } from "fflate";
import { describe, expect, inject, test } from "vitest";
import { once } from "../../src/once.ts";
import { frameworks, makeOrders, makeTemplate, type Project, versions } from "./project.ts";

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}
type Resources = Readonly<Record<string, Resource>>;

const packagedBy = ({ read }: Project): Resources =>
  JSON.parse(read(".serverless/cloudformation-template-update-stack.json")).Resources;

const archive = ({ folder }: Project, name: string): Readonly<Record<string, Uint8Array>> =>
  unzipSync(readFileSync(join(folder, ".serverless", `${name}.zip`)));

function emittedBy({ folder, read }: Project, stage: string): Resources {
  const command = join(inject("packed"), "node_modules/faasten/dist/src/cli/main.js");
  execFileSync(process.execPath, [command, "build", "--target", "aws", "--stage", stage], { cwd: folder });
  return JSON.parse(read(".faasten/aws/template.json")).Resources;
}

/** The same whichever framework packages it, and the heaviest part of this suite. */
const ordersStack = once(() => emittedBy(makeOrders("osls"), "prod"));

/** Where the archives lie is the framework's to say. */
function withoutCode(resources: Resources): Resources {
  return Object.fromEntries(
    Object.entries(resources).map(([name, { Properties, ...rest }]) => {
      const { Code: _, ...others } = Properties ?? {};
      return [name, { ...rest, Properties: others }];
    }),
  );
}

async function load(project: Project, name: string): Promise<{ handler(...given: unknown[]): unknown }> {
  const folder = join(project.folder, "unpacked", name);
  for (const [file, contents] of Object.entries(archive(project, name))) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), contents);
  }
  return import(pathToFileURL(join(folder, "index.mjs")).href);
}

const [bucket, policy] = ["ServerlessDeploymentBucket", "ServerlessDeploymentBucketPolicy"] as const;

for (const framework of frameworks) {
  describe(versions[framework], () => {
    test("the orders app: the same stack, its Lambda handler the framework's own, and one HTTP API", async () => {
      const project = makeOrders(framework);
      await project.sls("package", "--stage", "prod");
      const packaged = packagedBy(project);
      const emitted = await ordersStack();
      const shared = ["HttpApi", "HttpApiStage", "HttpApiLogGroup"];
      const ours = Object.keys(emitted).filter((name) => !shared.includes(name) && !name.startsWith("Prices"));
      const pick = (from: Resources): Resources =>
        withoutCode(Object.fromEntries(ours.flatMap((name) => (from[name] ? [[name, from[name]]] : []))));
      expect(pick(packaged)).toEqual(pick(emitted));
      expect(ours.length).toBeGreaterThan(90);

      const theirs = Object.keys(packaged).filter((name) => !ours.includes(name));
      expect(theirs.map((name) => name.replace(/Version.+/, "Version")).sort()).toEqual(
        [
          ...[bucket, policy],
          ...["HttpApi", "HttpApiStage", "HttpApiIntegrationPrices", "HttpApiRouteGetPricesSkuVar"],
          ...["IamRoleLambdaExecution", "PricesLambdaFunction", "PricesLambdaPermissionHttpApi", "PricesLambdaVersion"],
          "PricesLogGroup",
        ].sort(),
      );
      for (const [name, { Type, Properties }] of Object.entries(packaged)) {
        if (Type !== "AWS::Lambda::Function") continue;
        const { S3Bucket, S3Key } = Properties["Code"] as { S3Bucket: unknown; S3Key: string };
        expect([S3Bucket, Properties["Handler"]], name).toEqual([{ Ref: bucket }, "index.handler"]);
        const file = S3Key.slice(S3Key.lastIndexOf("/") + 1, -".zip".length);
        expect(Object.keys(archive(project, file)), name).toEqual(["index.mjs"]);
      }
    });

    test("without `functions:` all of the stack is ours, but for what the framework knows", async () => {
      const project = makeTemplate("http-api", framework);
      const made = { TABLE: { Ref: "Elsewhere" } };
      const yaml = project.read("serverless.yml");
      const elsewhere = "resources: { Resources: { Elsewhere: { Type: AWS::SNS::Topic } } }\n";
      await project.sls("package");
      const { [bucket]: one, [policy]: other, ...ours } = packagedBy(project);
      expect([one?.Type, other?.Type]).toEqual(["AWS::S3::Bucket", "AWS::S3::BucketPolicy"]);
      expect(withoutCode(ours)).toEqual(withoutCode(emittedBy(project, "dev")));

      const environment = "  environment: { TABLE: !Ref Elsewhere, NAME: '${file(name.yml):name}' }\n";
      project.write("name.yml", "name: notes\n");
      project.write("serverless.yml", yaml.replace("plugins:", `${environment}${elsewhere}plugins:`));
      await project.sls("package");
      const { Environment } = packagedBy(project)["ApiFunction"]?.Properties ?? {};
      const Variables = { ...made, NAME: "notes", FAASTEN_STATE_NOTES: { Ref: "NotesTable" } };
      expect(Environment).toEqual({ Variables });
    });

    describe("an ordinary project", () => {
      const project = (): Project => makeTemplate("lambda-migration", framework);

      test("has the stack that it had, but for what its archives hold", async () => {
        const before = project();
        before.write("serverless.yml", before.read("serverless.yml").replace(/^plugins:.*\n {2}.*\n/m, ""));
        await before.sls("package");
        const after = project();
        await after.sls("package");
        const comparable = (resources: Resources): unknown =>
          JSON.parse(
            JSON.stringify(withoutCode(resources))
              .replaceAll(/LambdaVersion\w+/g, "LambdaVersion")
              .replaceAll(/"(CodeSha256|Handler)":"[^"]+"/g, '"$1":""'),
          );
        expect(comparable(packagedBy(after))).toEqual(comparable(packagedBy(before)));
        const archives = readdirSync(join(after.folder, ".serverless")).filter((name) => name.endsWith(".zip"));
        expect(archives.sort()).toEqual(["createQuote.zip", "get-quote.zip", "nightly.zip", "worker.zip"]);
      });

      test("has archives that are the same bytes each time, and whose handlers answer", async () => {
        const packaged = project();
        const bytes = (): readonly string[] =>
          ["get-quote", "createQuote", "worker", "nightly"].map((name) =>
            readFileSync(join(packaged.folder, ".serverless", `${name}.zip`)).toString("base64"),
          );
        await packaged.sls("package");
        const first = bytes();
        rmSync(join(packaged.folder, ".serverless"), { recursive: true });
        await packaged.sls("package", "--stage", "other");
        expect(bytes()).toEqual(first);
        const { handler: get } = await load(packaged, "get-quote");
        expect(await get({ pathParameters: { sku: "tea" } }, {})).toMatchObject({ statusCode: 200 });
        const { handler: create } = await load(packaged, "createQuote");
        expect(await create({ body: '{"sku":"tea"}' }, { awsRequestId: "r1" })).toMatchObject({ statusCode: 201 });
        const { handler: work } = await load(packaged, "worker");
        const Records = [{ messageId: "m1", body: '{"sku":"gold","quantity":1}' }];
        expect(await work({ Records }, {})).toEqual({ batchItemFailures: [{ itemIdentifier: "m1" }] });
      });

      test("keeps what a handler reads beside it, what has its own artefact, and what the framework alone can read", async () => {
        const packaged = project();
        const text = packaged.read("serverless.yml");
        packaged.write("src/made.zip", "not looked at");
        packaged.write("src/page.html", "<p>");
        packaged.write("currency.yml", "code: NOK\n");
        packaged.write(
          "serverless.yml",
          text
            .replace("CURRENCY: EUR", "CURRENCY: ${file(currency.yml):code}\n    QUEUE: !Ref Requests")
            .replace("    timeout: 10\n", "    timeout: 10\n    package: { patterns: ['src/*.html'] }\n")
            .replace(
              "functions:\n",
              "functions:\n  made:\n    handler: made.handler\n    package: { artifact: src/made.zip }\n",
            ),
        );
        await packaged.sls("package");
        expect(Object.keys(archive(packaged, "createQuote")).sort()).toEqual(["index.mjs", "src/page.html"]);
        expect(Object.keys(archive(packaged, "nightly"))).toEqual(["index.mjs"]);
        expect(packagedBy(packaged)["MadeLambdaFunction"]?.Properties["Handler"]).toBe("made.handler");
        expect(packagedBy(packaged)["NightlyLambdaFunction"]?.Properties["Environment"]).toEqual({
          Variables: { CURRENCY: "NOK", QUEUE: { Ref: "Requests" }, STAGE: "dev" },
        });
      });

      test("tells a mistake with its line, and no stack", async () => {
        const packaged = project();
        packaged.write(
          "serverless.yml",
          packaged.read("serverless.yml").replace("src/nightly.handler", "src/night.handler"),
        );
        const failed = await packaged.sls("package").catch(String);
        expect(failed).toMatch(/serverless\.yml:\d+ {2}NOT_FOUND {2}There is no file `src\/night`/);
        expect(failed).not.toMatch(/^\s+at .*faasten/m);
      });

      test.each(["azure", "gcp"])("goes to %s by our own build, and nothing is packaged for AWS", async (target) => {
        const packaged = project();
        await packaged.sls("package", "--target", target);
        expect(existsSync(join(packaged.folder, ".faasten", target, "graph.json"))).toBe(true);
        expect(existsSync(join(packaged.folder, ".serverless"))).toBe(false);
      });
    });
  });
}
