// One Hono app, buffered and streaming.
import { Hono } from "hono";
import { handle, streamHandle } from "hono/aws-lambda";
import { getCookie, setCookie } from "hono/cookie";
import { streamText } from "hono/streaming";

const app = new Hono();
app.all("/:shape/seen/:id", async (c) => {
  setCookie(c, "first", "1", { httpOnly: true });
  setCookie(c, "second", "2", { path: "/shop" });
  return c.json({
    method: c.req.method,
    id: c.req.param("id"),
    queries: c.req.queries(),
    cookie: getCookie(c),
    text: await c.req.text(),
    named: c.req.header("x-named") ?? null,
  });
});
app.get("/:shape/bytes", (c) =>
  c.body(new Uint8Array([137, 80, 78, 71, 0, 255, 128]), 200, { "content-type": "image/png" }),
);
app.get("/:shape/parts", (c) =>
  streamText(c, async (stream) => {
    for (const part of ["one ", "two ", "drei ü"]) {
      await stream.write(part);
      await stream.sleep(2);
    }
  }),
);
app.get("/:shape/fails", () => {
  throw new Error("an inner matter");
});

export const hono = handle(app);
export const honoStreamed = streamHandle(app);
