// Secrets of the machine that builds: none is in what a build writes, in what a command prints, or in what a cloud's program is told.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeApp, remove } from "../dev/running.ts";
import { app, type Cloud, createCloud, faasten } from "./fakes.ts";

const canaries = {
  "the file .env": "canary-dotenv-5d1f0c",
  "the local secret file": "canary-secret-file-9b3e77",
  "the environment of the build": "canary-environment-41c2aa",
  "the environment of a cloud's program": "canary-credential-77fe01",
};
const seen = { "the source": "literal-of-the-source-2f6d", "the manifest's environment": "value-of-the-manifest-8e11" };

const files: Readonly<Record<string, string>> = {
  ...app,
  "serverless.yml": (app["serverless.yml"] ?? "").replace(
    "region: eu-west-1 }",
    `region: eu-west-1, environment: { GREETING: ${seen["the manifest's environment"]} } }`,
  ),
  "src/shop.ts": `${(app["src/shop.ts"] ?? "").replace("state, topic }", "secret, state, topic }")}
export const signed = http.get("/signed", { access: "public", uses: { key: secret("signing-key") } }, async (_request, { key }) =>
  Response.json({ length: (await key.get()).length, from: ${JSON.stringify(seen["the source"])}, env: process.env["CANARY"] }),
);
`,
  ".env": `CANARY=${canaries["the file .env"]}\n`,
  "secrets.json": JSON.stringify({ "signing-key": canaries["the local secret file"] }),
};

describe.each(["aws", "azure", "gcp"])("on %s", (target) => {
  let folder: string;
  let cloud: Cloud;
  const outputs: string[] = [];

  beforeAll(() => {
    folder = makeApp(files);
    cloud = createCloud();
    const env = {
      CANARY: canaries["the environment of the build"],
      AWS_SECRET_ACCESS_KEY: canaries["the environment of a cloud's program"],
    };
    const vault = target === "azure" ? ["--param", "secretstore_vault=shop-vault"] : [];
    for (const parameters of [
      ["build", "--target", target],
      ["validate", "--target", target],
      ["inspect", "--target", target, "--format", "json"],
      ["inspect", "permissions", "--target", target],
      ["deploy", "--dry-run", "--target", target, ...vault],
      ["plan", "--target", target, ...vault],
      ["deploy", "--target", target, ...vault],
      ["remove", "--target", target, ...vault],
    ]) {
      const { status, stdout, stderr } = faasten(folder, cloud, parameters, env);
      if (status !== 0) throw new Error(`faasten ${parameters.join(" ")}:\n${stdout}${stderr}`);
      outputs.push(stdout, stderr);
    }
  });
  afterAll(() => {
    remove(folder);
    rmSync(cloud.folder, { recursive: true });
  });

  test("no artefact, no output and no call holds one, and what is meant to be there is found", () => {
    const written = [...textsIn(join(folder, ".faasten", target)), ...textsIn(cloud.folder)];
    const texts = [...written, ...outputs.map((text, at) => [`output ${at}`, text] as const)];
    const found = (word: string): readonly string[] => {
      const forms = [word, Buffer.from(word).toString("base64").replace(/=+$/, ""), Buffer.from(word).toString("hex")];
      return texts.filter(([, text]) => forms.some((form) => text.includes(form))).map(([name]) => name);
    };
    for (const [where, canary] of Object.entries(canaries)) expect([where, found(canary)]).toEqual([where, []]);
    expect(found(seen["the source"])).toEqual(expect.arrayContaining([expect.stringMatching(/\.zip!index\.mjs$/)]));
    expect(found(seen["the manifest's environment"]).length).toBeGreaterThan(0);
  });
});

/** Every file, and every file in each archive. */
function textsIn(folder: string): readonly (readonly [string, string])[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    if (!entry.isFile()) return [];
    const file = join(entry.parentPath, entry.name);
    const bytes = readFileSync(file);
    if (!file.endsWith(".zip")) return [[file, bytes.toString("latin1")] as const];
    return Object.entries(unzipSync(bytes)).map(
      ([name, inner]) => [`${file}!${name}`, Buffer.from(inner).toString("latin1")] as const,
    );
  });
}
