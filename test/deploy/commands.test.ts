// The commands around a deployment: what can be told without an account, and a new app from a template.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeApp, remove, repository, save } from "../dev/running.ts";
import { app, type Cloud, createCloud, faasten, type Told } from "./fakes.ts";

let folder: string;
let cloud: Cloud;
const run = (...parameters: readonly string[]): Told => faasten(folder, cloud, parameters);

beforeAll(() => {
  folder = makeApp(app);
  cloud = createCloud();
});
afterAll(() => {
  remove(folder);
  rmSync(cloud.folder, { recursive: true });
});

describe("validate", () => {
  test("tells what was checked and what was not, asks nobody and writes nothing", () => {
    const { status, stdout, stderr } = run("validate");
    expect([status, stderr]).toEqual([0, ""]);
    for (const target of ["aws", "azure", "gcp"]) expect(stdout).toContain(`shop on ${target}: it can be built`);
    expect(stdout.match(/ {2}not checked:\n {2}- whether/g)).toHaveLength(3);
    expect(cloud.calls()).toEqual([]);
    expect(existsSync(join(folder, ".faasten", "aws", "template.json"))).toBe(false);
  });

  test("tells of each cloud what is wrong there", () => {
    save(folder, "src/shop.ts", (app["src/shop.ts"] ?? "").replace('access: "public", ', ""));
    const { status, stderr } = run("validate");
    save(folder, "src/shop.ts", app["src/shop.ts"] ?? "");
    expect(status).toBe(1);
    for (const target of ["aws", "azure", "gcp"]) expect(stderr).toMatch(new RegExp(`${target}:\nsrc/shop.ts:6 `));
  });
});

describe("inspect permissions", () => {
  test("gives each statement, and the line of source that causes it", () => {
    const { status, stdout } = run("inspect", "permissions", "--format", "json");
    expect(status).toBe(0);
    const found = JSON.parse(stdout) as Readonly<
      Record<string, readonly { deployable: string; at: readonly string[] }[]>
    >;
    expect(Object.keys(found)).toEqual(["aws", "azure", "gcp"]);
    for (const all of Object.values(found)) {
      expect(all.length).toBeGreaterThan(3);
      for (const { at } of all) expect(at[0]).toMatch(/^src\/shop\.ts:(?:6|16|20)$/);
    }
    const reader = JSON.stringify(found["aws"]?.filter(({ deployable }) => deployable === "sweep"));
    expect(reader).toContain("dynamodb:GetItem");
    expect(reader).not.toContain("dynamodb:PutItem");
    expect(run("inspect", "permission").stderr).toContain("Did you mean `permissions`?");
  });
});

describe("a region", () => {
  test("is never guessed from another cloud's", () => {
    save(folder, "serverless.yml", (app["serverless.yml"] ?? "").replace(/ +regions:.*\n/, ""));
    const { status, stderr } = run("deploy", "--target", "gcp");
    expect(status).toBe(1);
    expect(stderr).toContain("no region is known: give one with --region europe-west1, or by GOOGLE_CLOUD_REGION");
    expect(run("deploy", "--target", "gcp", "--dry-run", "--region", "europe-north1").stdout).toContain(
      "-var=region=europe-north1",
    );
    expect(run("deploy", "--target", "aws", "--dry-run").stdout).toContain("--region eu-west-1");
    expect(run("deploy", "--target", "aws", "--dry-run", "--region", "us-east-1").stdout).not.toContain("eu-west-1");
    save(folder, "serverless.yml", app["serverless.yml"] ?? "");
  });

  test("there is none of this machine", () => {
    expect(run("deploy", "--target", "local").stderr).toContain("--target local: that is this machine");
  });
});

describe("init", () => {
  const names = readdirSync(join(repository, "templates"));

  test.each(names)("copies %s, under the folder's name, with this version", (name) => {
    const { status, stdout } = run("init", "--template", name, `My ${name}`);
    expect(status).toBe(0);
    expect(stdout).toContain(`cd My ${name} && npm install`);
    const made = JSON.parse(readFileSync(join(folder, `My ${name}`, "package.json"), "utf8"));
    const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
    expect(made).toMatchObject({ name: `my-${name}`, private: true, dependencies: { faasten: `^${version}` } });
    expect(readFileSync(join(folder, `My ${name}`, "serverless.yml"), "utf8")).toContain(`service: my-${name}\n`);
    const type = name === "lambda-migration" ? "commonjs" : "module";
    expect(made.type).toBe(type);
  });

  test.each(names.slice(0, 1))("overwrites nothing with %s", (name) => {
    mkdirSync(join(folder, "there"));
    save(folder, "there/serverless.yml", "mine\n");
    const { status, stderr } = run("init", "--template", name, "there");
    expect(status).toBe(1);
    expect(stderr).toMatch(/^ALREADY_EXISTS {2}.*there has a .* already, and nothing is overwritten/);
    expect(readdirSync(join(folder, "there"))).toEqual(["serverless.yml"]);
    expect(readFileSync(join(folder, "there/serverless.yml"), "utf8")).toBe("mine\n");
  });

  test("names the templates that there are", () => {
    expect(run("init", "--template", "nothing").stderr).toContain("there is no such template");
  });
});
