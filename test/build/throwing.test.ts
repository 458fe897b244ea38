// A user's module that throws while the build imports it: told with the file and the line where it was written.
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { command, makeApp, remove } from "../dev/running.ts";

const manifest = `service: shop
provider: { name: aws }
custom: { faasten: { entry: ["a.ts"] } }
`;

/** What a build of the app says. */
function said(files: Readonly<Record<string, string>>): string {
  const folder = makeApp({ "serverless.yml": manifest, ...files });
  const { status, stderr } = spawnSync(process.execPath, [...command, "build", "--target", "aws"], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: "" },
    encoding: "utf8",
  });
  remove(folder);
  expect(status).toBe(1);
  return stderr;
}

const head = `import { http } from "faasten";
interface Unused {
  readonly a: string;
}
export const hello = http.get("/hello", { access: "public" }, () => new Response());
`;

test("in the entry itself", () => {
  expect(said({ "a.ts": `${head}export const made = new Date("never").toISOString();\n` })).toBe(
    "a.ts:6  INVALID  this throws `RangeError: Invalid time value` while its module is loaded: mend it, or move it into a handler\n1 mistake: mend and try again\n",
  );
});

test("in a module that it imports, in a function there", () => {
  const library = `type Unused = string;

export function setting(): string {
  throw new AggregateError([new Error("one")], "no setting");
}
`;
  const entry = `import { setting } from "./library/setting.ts";\n${head}export const made = setting();\n`;
  expect(said({ "a.ts": entry, "library/setting.ts": library })).toBe(
    "library/setting.ts:4  INVALID  this throws `AggregateError: no setting` while its module is loaded: mend it, or move it into a handler\n1 mistake: mend and try again\n",
  );
});

test("what is thrown knows no line", () => {
  expect(said({ "a.ts": `${head}throw "a text";\n` })).toContain(
    "a module throws while it is loaded, and no error with a line: a text",
  );
});

test.each([
  [
    "a whole function",
    '{ on: http.any("/x", { access: "public" }, () => new Response()), event: "url" }',
    "is a whole function, leave out its handler",
  ],
  ["a state", '{ on: state("orders"), event: "url" }', "is no trigger"],
  ["a text", '{ on: "/x", event: "sqs" }', "is no trigger"],
  ["nothing", '{ event: "apigw.v2" }', "is missing"],
  ["undefined", '{ on: undefined, event: "apigw.v2" }', "is missing"],
  ["no options", "", "is missing"],
])("a Lambda handler on %s", (_what, options, why) => {
  const source = `import { http, lambda, state } from "faasten";\nvoid [http, state];\nexport const a = lambda(async () => 1, ${options});\n`;
  expect(said({ "a.ts": source })).toBe(
    `a.ts:3  INVALID  the \`on\` of \`lambda()\` ${why}: write \`on: http.any("/legacy/*", { access: "public" })\`, a topic, a binding or a schedule\n1 mistake: mend and try again\n`,
  );
});
