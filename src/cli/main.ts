#!/usr/bin/env node
// `faasten`: one file a command, loaded when it is asked for.
import { readFileSync } from "node:fs";
import module from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FaastenError } from "../errors.ts";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`UNSUPPORTED  faasten wants Node 22.18 or newer, and this is ${process.version}\n`);
  process.exit(1);
}

// Node's own place for it, named so that the app's processes find it too. Before anything large is loaded.
process.env["NODE_COMPILE_CACHE"] ??= join(tmpdir(), "node-compile-cache");
module.enableCompileCache();
const { Command, Option } = await import("commander");

const program = new Command("faasten")
  .description("Portable serverless functions: Dapr's building blocks, no sidecar, any cloud.")
  .version(versionOf())
  .showHelpAfterError("(faasten --help tells more)");

program
  .command("dev")
  .description("serve the app in this folder, and again on each save")
  .option("--port <number>", "where it answers; 0 takes any that is free", "3000")
  .option("--stage <name>", "the stage that ${sls:stage} stands for")
  .option("--param <name=value>", "what ${param:name} stands for; may be repeated", repeated)
  .option("--opt <name=value>", "what ${opt:name} stands for; may be repeated", repeated)
  .action(async (options) => (await import("./dev.ts")).dev(options));

program
  .command("build")
  .description("bundle the app for one target, into .faasten/<target>")
  .requiredOption("--target <name>", "local, aws, azure or gcp")
  .option("--stage <name>", "the stage that ${sls:stage} stands for")
  .option("--region <name>", "where, in that cloud's own words")
  .option("--param <name=value>", "what ${param:name} stands for; may be repeated", repeated)
  .option("--opt <name=value>", "what ${opt:name} stands for; may be repeated", repeated)
  .action(async (options) => (await import("./build.ts")).build(options));

for (const [name, description] of [
  [
    "plan",
    "tell what a deployment would do: its steps, what comes, changes and goes, the public routes, the permissions",
  ],
  ["deploy", "build the app and deploy it, with the cloud's own programs; goes on where it failed before"],
  ["remove", "remove the app from a cloud; what holds data stays, and the next deployment has it again"],
] as const) {
  const command = program
    .command(name)
    .description(description)
    .requiredOption("--target <name>", "aws, azure or gcp")
    .option("--stage <name>", "the stage: of everything, there is one in each")
    .option("--region <name>", "where, in that cloud's own words")
    .option("--param <name=value>", "what ${param:name} stands for; may be repeated", repeated)
    .option("--opt <name=value>", "what ${opt:name} stands for; may be repeated", repeated);
  if (name !== "remove")
    command.option(
      "--replace <name>",
      "let this be replaced or removed with the data that it holds; may be repeated",
      repeated,
    );
  if (name !== "plan") command.option("--dry-run", "print the commands, and run none");
  command.action(async (options) => {
    if (name === "plan") await (await import("./plan.ts")).plan(options);
    else if (name === "deploy") await (await import("./deploy.ts")).deploy(options);
    else await (await import("./remove.ts")).remove(options);
  });
}

program
  .command("validate")
  .description("check all that can be checked without an account, and say what cannot; writes nothing")
  .option("--target <name>", "aws, azure or gcp; each of them if left out")
  .option("--stage <name>", "the stage that ${sls:stage} stands for")
  .option("--region <name>", "where, in that cloud's own words")
  .option("--param <name=value>", "what ${param:name} stands for; may be repeated", repeated)
  .option("--opt <name=value>", "what ${opt:name} stands for; may be repeated", repeated)
  .action(async (options) => (await import("./validate.ts")).validate(options));

program
  .command("init [folder]")
  .description("copy a template into a folder, which is called as the template if left out")
  .requiredOption("--template <name>", "one of the package's templates")
  .action(async (folder, options) => (await import("./init.ts")).init(folder, options));

program
  .command("inspect")
  .argument("[what]", "permissions: what each function may do on a cloud, and the line of source that causes it")
  .description("tell what the app in this folder is made of, and what ties it to one cloud; writes nothing")
  .option("--target <name>", "local, aws, azure or gcp; local if left out, and for permissions each cloud")
  .option("--format <name>", "text, mermaid (the graph, drawn) or json", "text")
  .option("--strict", "end with 1 where a function is bound to one cloud")
  .option("--stage <name>", "the stage that ${sls:stage} stands for")
  .option("--param <name=value>", "what ${param:name} stands for; may be repeated", repeated)
  .option("--opt <name=value>", "what ${opt:name} stands for; may be repeated", repeated)
  .action(async (what, options) => (await import("./inspect.ts")).inspect(what, options));

program
  .command("functions")
  .description("list the functions of the app that `faasten dev` serves from this folder, as JSON")
  .action(async () => (await import("./functions.ts")).functions());

const attribute = [
  "--attribute <name=value>",
  "an attribute of the event, as type=order.placed; may be repeated",
] as const;
const event = (): InstanceType<typeof Option> =>
  new Option("--event <file>", "the whole event: a CloudEvent in JSON; - reads standard input").conflicts([
    "data",
    "attribute",
  ]);

program
  .command("invoke <function>")
  .description("call one function: an HTTP function with a request, a subscriber with an event, a schedule now")
  .option("--data <text>", "the body of a request, or the data of an event: JSON; - reads standard input")
  .option("--path <path>", "the path and query of a request; needed where the function's path has parameters")
  .option("--method <method>", "the method of a request, where the function answers any")
  .option("--header <name:value>", "a header of the request; may be repeated", repeated)
  .option(...attribute, repeated)
  .addOption(event())
  .option("--time <instant>", "the planned instant of a schedule, as 2026-01-31T03:00:00Z; now if left out")
  .addHelpText(
    "after",
    `
The reply's body, or the outcome as JSON, goes to standard output; the status goes to standard error. It ends with 1
where the status is 400 or more, or the event is not done. A body with a content-type other than JSON is sent as it is.

  faasten invoke placeOrder --data '{"id":"1"}' --header idempotency-key:1
  faasten invoke getOrder --path /orders/1
  faasten invoke audit --data '{"id":"1"}' --attribute source=shop --attribute type=order.placed
  faasten invoke putReceipt --path /orders/1/receipt --header content-type:image/png --data - < receipt.png`,
  )
  .action(async (name, options) => (await import("./invoke.ts")).invoke(name, options));

program
  .command("publish <topic>")
  .description("publish one event; its id and who subscribes here are told as JSON")
  .option("--data <json>", "the event's data; - reads standard input")
  .option(...attribute, repeated)
  .addOption(event())
  .option("--pubsub <component>", "the broker", "pubsub")
  .action(async (topic, options) => (await import("./publish.ts")).publish(topic, options));

program
  .command("dead-letters <function>")
  .description("show what a subscriber could not handle, and why, as JSON")
  .option("--redrive <id>", "send this one back to the subscriber's inbox")
  .addOption(new Option("--redrive-all", "send all of them back").conflicts("redrive"))
  .action(async (name, options) => (await import("./dead-letters.ts")).deadLetters(name, options));

const configuration = program
  .command("configuration")
  .description("the settings of the app that `faasten dev` serves from this folder");
const component = (): InstanceType<typeof Option> =>
  new Option("--component <name>", "the configuration store").default("configstore");

configuration
  .command("set <key> <value>")
  .description("write one; functions see it within the freshness that they declare")
  .addOption(component())
  .action(async (key, value, options) => (await import("./configuration.ts")).set(key, value, options));

configuration
  .command("get <key>")
  .description("print one's value")
  .addOption(component())
  .action(async (key, options) => (await import("./configuration.ts")).get(key, options));

configuration
  .command("list")
  .description("show all of them as JSON")
  .addOption(component())
  .action(async (options) => (await import("./configuration.ts")).list(options));

// Whoever reads a part of the output and leaves has what they want.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${await told(error)}\n`);
  process.exitCode = 1;
}

/** What is no error of ours is a mistake of ours: it keeps its stack. */
async function told(error: unknown): Promise<string> {
  const { counted, Mistakes } = await import("../manifest/problems.ts");
  if (error instanceof Mistakes) return `${error.message}\n${counted(error.problems)}: mend and try again`;
  if (error instanceof FaastenError) return `${error.code}  ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function repeated(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function versionOf(): string {
  const file = new URL(import.meta.resolve("faasten/package.json"));
  return String((JSON.parse(readFileSync(file, "utf8")) as { readonly version: unknown }).version);
}
