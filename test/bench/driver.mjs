// One cold start: a bundle is imported and called once; then this tells how long that took since the process's start.
import { check, context, events } from "./lambda.mjs";

const [, , bundle, kind] = process.argv;
const event = events[kind]();
const { handler } = await import(bundle);
const reply = await handler(event, context);
const ms = performance.now();
check(kind, reply);
// Node's own list of what it has loaded of itself.
const undici = process.moduleLoadList.filter((name) => name.includes("undici")).length;
process.stdout.write(JSON.stringify({ ms, undici }), () => process.exit(0));
