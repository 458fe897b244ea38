// A bundle is imported and called once; then this tells how long that took since the process's start, and what Node loaded of itself.
import { check, context, events } from "./lambda.mjs";

const event = events.http();
const { handler } = await import(process.argv[2]);
const reply = await handler(event, context);
const ms = performance.now();
const { user, system } = process.cpuUsage();
check("http", reply);
const builtins = process.moduleLoadList
  .filter((name) => name.startsWith("NativeModule "))
  .map((name) => name.slice(13));
process.stdout.write(JSON.stringify({ ms, cpu: (user + system) / 1000, builtins }), () => process.exit(0));
