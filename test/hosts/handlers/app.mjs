// Lambda handlers of other people's libraries, and plain ones, as functions. The table of `../handlers.test.ts` sets what they
// answer here beside what they answer in Lambda's own runtime client.
import { http, lambda, schedule, topic } from "faasten";
import { codegenie, vendia } from "./express.mjs";
import { fastify } from "./fastify.mjs";
import { hono, honoStreamed } from "./hono.mjs";
import * as messages from "./messages.mjs";
import { middy } from "./middy.mjs";
import old from "./old-styles.cjs";
import * as plain from "./plain.mjs";
import * as powertools from "./powertools.mjs";
import * as streams from "./streams.mjs";

const access = "public";

export const middyV1 = lambda(middy, { on: http.any("/middy-v1", { access }), event: "apigw.v1" });
export const middyV2 = lambda(middy, { on: http.any("/middy-v2", { access }), event: "apigw.v2" });
export const codegenieV1 = lambda(codegenie, { on: http.any("/codegenie-v1/*", { access }), event: "apigw.v1" });
export const codegenieV2 = lambda(codegenie, { on: http.any("/codegenie-v2/*", { access }), event: "apigw.v2" });
export const codegenieAlb = lambda(codegenie, { on: http.any("/codegenie-alb/*", { access }), event: "alb.multi" });
export const vendiaV1 = lambda(vendia, { on: http.any("/vendia-v1/*", { access }), event: "apigw.v1" });
export const vendiaV2 = lambda(vendia, { on: http.any("/vendia-v2/*", { access }), event: "apigw.v2" });
export const fastifyV1 = lambda(fastify, { on: http.any("/fastify-v1/*", { access }), event: "apigw.v1" });
export const fastifyV2 = lambda(fastify, { on: http.any("/fastify-v2/*", { access }), event: "apigw.v2" });
export const fastifyAlb = lambda(fastify, { on: http.any("/fastify-alb/*", { access }), event: "alb" });
export const honoV1 = lambda(hono, { on: http.any("/hono-v1/*", { access }), event: "apigw.v1" });
export const honoV2 = lambda(hono, { on: http.any("/hono-v2/*", { access }), event: "apigw.v2" });
export const honoAlb = lambda(hono, { on: http.any("/hono-alb/*", { access }), event: "alb.multi" });
export const honoUrl = lambda(honoStreamed, { on: http.any("/hono-url/*", { access }), event: "url" });
export const logger = lambda(powertools.logger, { on: http.get("/logger/:id", { access }), event: "apigw.v2" });
export const idempotent = lambda(powertools.idempotent, {
  on: http.post("/idempotent", { access }),
  event: "apigw.v2",
});
export const batch = lambda(powertools.batch, { on: topic("batch", { raw: true }), event: "sqs" });

export const seenV1 = lambda(plain.seen, { on: http.any("/seen-v1/:id/*", { access }), event: "apigw.v1" });
export const seenV2 = lambda(plain.seen, { on: http.any("/seen-v2/:id/*", { access }), event: "apigw.v2" });
export const seenUrl = lambda(plain.seen, { on: http.any("/seen-url/*", { access }), event: "url" });
export const seenAlb = lambda(plain.seen, { on: http.any("/seen-alb/*", { access }), event: "alb" });
export const seenAlbMulti = lambda(plain.seen, { on: http.any("/seen-alb-multi/*", { access }), event: "alb.multi" });
export const sync = lambda(plain.sync, { on: http.get("/sync", { access }), event: "apigw.v2" });
export const shorthandV2 = lambda(plain.shorthand, { on: http.get("/shorthand-v2", { access }), event: "apigw.v2" });
export const shorthandUrl = lambda(plain.shorthand, { on: http.get("/shorthand-url", { access }), event: "url" });
export const bytesV1 = lambda(plain.bytes, { on: http.post("/bytes-v1", { access }), event: "apigw.v1" });
export const bytesV2 = lambda(plain.bytes, { on: http.post("/bytes-v2", { access }), event: "apigw.v2" });
export const zipped = lambda(plain.zipped, { on: http.get("/zipped", { access }), event: "apigw.v2" });
export const cookies = lambda(plain.cookies, { on: http.get("/cookies", { access }), event: "apigw.v2" });
export const listsV1 = lambda(plain.lists, { on: http.get("/lists-v1", { access }), event: "apigw.v1" });
export const listsAlb = lambda(plain.lists, { on: http.get("/lists-alb", { access }), event: "alb.multi" });
export const bare = lambda(plain.bare, { on: http.get("/bare", { access }), event: "apigw.v2" });
export const untypedV1 = lambda(plain.untyped, { on: http.get("/untyped-v1", { access }), event: "apigw.v1" });
export const untypedV2 = lambda(plain.untyped, { on: http.get("/untyped-v2", { access }), event: "apigw.v2" });
export const untypedUrl = lambda(plain.untyped, { on: http.get("/untyped-url", { access }), event: "url" });
export const timed = lambda(plain.timed, { on: http.get("/timed", { access }), event: "apigw.v2" });
export const written = lambda(plain.written, { on: http.get("/written", { access }), event: "apigw.v1" });
export const twice = lambda(plain.twice, { on: http.get("/twice", { access }), event: "apigw.v1" });
export const throwsV1 = lambda(plain.throws, { on: http.get("/throws-v1", { access }), event: "apigw.v1" });
export const throwsV2 = lambda(plain.throws, { on: http.get("/throws-v2", { access }), event: "apigw.v2" });
export const unreadable = lambda(plain.unreadable, { on: http.get("/unreadable", { access }), event: "apigw.v1" });

export const callback = lambda(old.callback, { on: http.get("/callback", { access }), event: "apigw.v2" });
export const callbackLater = lambda(old.callbackLater, {
  on: http.get("/callback-later", { access }),
  event: "apigw.v1",
});
export const callbackFails = lambda(old.callbackFails, {
  on: http.get("/callback-fails", { access }),
  event: "apigw.v2",
});
export const succeed = lambda(old.succeed, { on: http.get("/succeed", { access }), event: "apigw.v2" });
export const done = lambda(old.done, { on: http.get("/done", { access }), event: "apigw.v2" });
export const fail = lambda(old.fail, { on: http.get("/fail", { access }), event: "apigw.v2" });

export const prelude = lambda(streams.prelude, { on: http.get("/prelude", { access }), event: "url" });
export const typed = lambda(streams.typed, { on: http.get("/typed", { access }), event: "url" });
export const piped = lambda(streams.piped, { on: http.post("/piped", { access }), event: "url" });
export const streamFails = lambda(streams.fails, { on: http.get("/stream-fails", { access }), event: "url" });

export const queue = lambda(messages.queue, { on: topic("queue", { raw: true }), event: "sqs" });
export const whole = lambda(messages.whole, { on: topic("whole", { raw: true }), event: "sqs" });
export const notice = lambda(messages.notice, { on: topic("notice", { raw: true }), event: "sns" });
export const bus = lambda(messages.bus, { on: topic("bus"), event: "eventbridge" });
export const nightly = lambda(messages.nightly, { on: schedule("0 2 * * *"), event: "scheduled" });
