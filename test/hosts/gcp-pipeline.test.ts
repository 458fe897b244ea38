// The event pipeline on Cloud Run functions, as the emitted configuration deploys it: what is put into the bucket is told by
// Cloud Storage, announced, counted and read.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildApp } from "../build/built.ts";
import { type AllowedThere, storageAgent } from "../servers/applied.ts";
import { permissionsFor, resourceOf } from "../servers/google-permissions.ts";
import { type DeployedApp, deployApp } from "./gcp-deployed.ts";

const asked = new Map<string, AllowedThere>();
let pipeline: DeployedApp;
/** The ids and the outcomes of what reached `announce`. */
const announced: { readonly attributes: Readonly<Record<string, string>>; readonly status: number }[] = [];

beforeAll(async () => {
  const template = (name: string): string =>
    readFileSync(new URL(`../../templates/event-pipeline/${name}`, import.meta.url), "utf8");
  const files = Object.fromEntries(["serverless.yml", "src/functions.ts"].map((name) => [name, template(name)]));
  pipeline = await deployApp(buildApp("none", "gcp", { files }), ({ method, url: path, headers, body }) => {
    const member = `serviceAccount:${headers.authorization?.replace(/^Bearer /, "")}`;
    for (const permission of permissionsFor({ method, path, body })) {
      const one = { member, permission, resource: resourceOf({ method, path, body }) };
      asked.set(Object.values(one).join(" "), one);
    }
  });
  pipeline.service("announce").watch = async ({ body }, pass) => {
    const status = await pass();
    announced.push({ attributes: JSON.parse(body.toString()).message.attributes, status });
    return status;
  };
});

afterAll(() => pipeline?.close());

const put = (key: string, text: string): Promise<Response> =>
  fetch(`${pipeline.service("http").url}/documents/${encodeURIComponent(key)}`, { method: "PUT", body: text });
const summaryOf = async (key: string): Promise<unknown> => {
  const response = await fetch(`${pipeline.service("http").url}/summaries/${encodeURIComponent(key)}`);
  return response.ok ? response.json() : response.status;
};

test("a document that is put is counted, whatever its key", async () => {
  for (const key of ["plain", "with a space & é"]) {
    expect((await put(key, "one two\nthree")).status).toBe(202);
    await expect.poll(() => summaryOf(key), { timeout: 30_000 }).toEqual({ key, words: 3, lines: 2 });
  }
});

test("one that is written over is counted again, and nobody is told that it is gone", async () => {
  expect((await put("plain", "one")).status).toBe(202);
  await expect.poll(() => summaryOf("plain"), { timeout: 30_000 }).toEqual({ key: "plain", words: 1, lines: 1 });
  expect(announced.map(({ attributes, status }) => [attributes["eventType"], attributes["objectId"], status])).toEqual([
    ["OBJECT_FINALIZE", "plain", 204],
    ["OBJECT_FINALIZE", "with a space & é", 204],
    ["OBJECT_FINALIZE", "plain", 204],
  ]);
  expect(announced.at(-1)?.attributes["overwroteGeneration"]).toBe(announced[0]?.attributes["objectGeneration"]);
});

test("the policies allow all that was asked, and Cloud Storage to publish to its own topic alone", () => {
  const { allowed } = pipeline.applied;
  const refused = [...asked.values()].filter(
    ({ member, permission, resource }) =>
      !allowed.some((one) => one.member === member && one.permission === permission && one.resource === resource),
  );
  expect(refused).toEqual([]);
  expect(asked.size).toBeGreaterThan(4);
  expect(allowed.filter(({ member }) => member === `serviceAccount:${storageAgent}`)).toEqual([
    {
      member: `serviceAccount:${storageAgent}`,
      permission: "pubsub.topics.publish",
      resource: "projects/shop-7/topics/documents-dev-uploads-changes",
    },
  ]);
});
