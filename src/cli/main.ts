#!/usr/bin/env node
// `faasten`: one file a command, loaded when it is asked for.
import { readFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { Command } from "commander";
import { FaastenError } from "../errors.ts";

enableCompileCache(); // halves the time until `faasten dev` answers

const program = new Command("faasten")
  .description("Portable serverless functions: Dapr's building blocks, no sidecar, any cloud.")
  .version(versionOf())
  .showHelpAfterError("(faasten --help tells more)");

program
  .command("dev")
  .description("serve the app in this folder, and again on each save")
  .option("--port <number>", "where it answers; 0 takes any that is free", "3000")
  .option("--stage <name>", "the stage that ${sls:stage} stands for")
  .option("--param <name=value...>", "what ${param:name} stands for")
  .action(async (options) => (await import("./dev.ts")).dev(options));

program
  .command("functions")
  .description("list the functions of the app that `faasten dev` serves")
  .action(async () => (await import("./functions.ts")).functions());

program
  .command("invoke <function>")
  .description("call one function: an HTTP function with a request, a subscriber with an event, a schedule now")
  .option("--data <json>", "the body of a request, or the data of an event; - reads standard input")
  .option("--path <path>", "the path of a request, where the function's own has parameters")
  .option("--header <name:value...>", "a header of the request")
  .option("--time <instant>", "the planned instant of a schedule; now if left out")
  .action(async (name, options) => (await import("./invoke.ts")).invoke(name, options));

program
  .command("publish <topic>")
  .description("publish one event")
  .requiredOption("--data <json>", "the event's data; - reads standard input")
  .option("--pubsub <component>", "the broker", "pubsub")
  .action(async (topic, options) => (await import("./publish.ts")).publish(topic, options));

program
  .command("dead-letters <function>")
  .description("show what a subscriber could not handle, and why")
  .option("--redrive <id>", "send this one back to the subscriber's inbox")
  .option("--redrive-all", "send all of them back")
  .action(async (name, options) => (await import("./dead-letters.ts")).deadLetters(name, options));

try {
  await program.parseAsync();
} catch (error) {
  const known = error instanceof FaastenError;
  process.stderr.write(
    `${known ? `${error.code}  ${error.message}` : error instanceof Error ? error.stack : String(error)}\n`,
  );
  process.exitCode = 1;
}

function versionOf(): string {
  const file = new URL(import.meta.resolve("faasten/package.json"));
  return String((JSON.parse(readFileSync(file, "utf8")) as { readonly version: unknown }).version);
}
