// A process of its own: of two apps, one has a function that leaves a rejection alone.
import * as http from "../../../src/functions/http.ts";
import { testApp } from "../../../src/testing/app.ts";

const sleep = (milliseconds: number): Promise<void> => new Promise((resume) => setTimeout(resume, milliseconds));
const healthy = http.get("/healthy", async () => {
  await sleep(100);
  return new Response("well");
});
const stray = http.get("/stray", async () => {
  void sleep(10).then(() => {
    throw new Error("left alone");
  });
  await sleep(100);
  return new Response("too late");
});

const heard: unknown[] = [];
process.on("unhandledRejection", (reason) => heard.push(reason));

const apps = await Promise.all([testApp({ healthy, stray }), testApp({ healthy })]);
const [one, other] = apps;
const replies = Promise.all([one.fetch("/stray"), one.fetch("/healthy"), other.fetch("/healthy")]);
void Promise.reject(new Error("of the test itself"));
const statuses = (await replies).map(({ status }) => status);
const logs = apps.map(({ log }) => log.map(({ message }) => message));
const foreign = heard.map((reason) => (reason as Error).message).filter((message) => message !== "left alone");
console.log(JSON.stringify({ statuses, logs, foreign }));
await Promise.all(apps.map((app) => app.close()));
