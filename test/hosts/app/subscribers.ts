// Subscribers that do as the event says, and tell what they saw: a log line is all that every host lets out.
import { schedule, topic } from "faasten";
import * as z from "zod";
import { hostile } from "./failures.ts";

const Task = z.object({
  do: z.enum(["done", "throw", "retry", "later", "dead", "drop", "float", "hostile"]),
  key: z.string(),
});

const tasks = topic("tasks", { schema: Task });
const inOrder = topic("tasks.in-order", { schema: Task, orderBy: ({ key }) => key });
const anything = topic("anything", { raw: true });

export const work = tasks.subscribe(async (event, { log, trace }) => {
  const { id, source, type, subject, attempt } = event;
  log.info("saw", { event: id, source, type, subject, attempt, key: event.data.key, traceId: trace.id });
  switch (event.data.do) {
    case "throw":
      throw new Error("not today");
    case "retry":
      return event.retry();
    case "later":
      return event.retry({ after: "1m" });
    case "dead":
      return event.dead("of no use");
    case "drop":
      return event.drop("not for us");
    case "hostile":
      throw hostile();
    case "float":
      void Promise.reject(new Error("nobody awaited this"));
      await new Promise((resume) => setTimeout(resume, 500));
  }
});

export const workInOrder = inOrder.subscribe((event, { log }) => {
  log.info("saw", { event: event.id, key: event.data.key });
  if (event.data.do === "throw") throw new Error("not today");
});

export const workTogether = tasks.subscribeMany((events, { log }) => {
  for (const event of events) {
    log.info("saw", { event: event.id });
    if (event.data.do === "retry") event.retry();
    if (event.data.do === "dead") event.dead("of no use");
  }
});

export const keep = anything.subscribe((event, { log }) => {
  log.info("saw", {
    event: event.id,
    mediaType: event["datacontenttype"],
    base64: Buffer.from(event.data).toString("base64"),
  });
});

export const nightly = schedule("0 3 * * *", { timeZone: "Europe/Paris" }, (tick, { log }) => {
  log.info("saw", { event: tick.id, planned: tick.time.toISOString() });
});
