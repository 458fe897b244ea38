// What a host must bring in and out unchanged.
import { http } from "faasten";
import * as z from "zod";

/** What arrived. Header values are split where several came, however the host has joined them. */
export const echo = http.any("/echo/*", { access: "public" }, async (request, { params }) => {
  const { pathname, searchParams } = new URL(request.url);
  const headers = [...request.headers].filter(([name]) => name.startsWith("x-echo") || name === "content-type");
  return Response.json({
    method: request.method,
    pathname,
    rest: params["*"],
    query: [...searchParams],
    headers: Object.fromEntries(headers.map(([name, value]) => [name, value.split(/, */)])),
    cookie: request.headers.get("cookie"),
    text: await request.text(),
  });
});

export const parameters = http.get("/things/:thing/parts/:part", { access: "public" }, (_request, { params }) =>
  Response.json({ ...params }),
);

/** More special than `parameters`. */
export const fixedPart = http.get("/things/:thing/parts/main", { access: "public" }, () => Response.json("main"));

export const sum = http.post(
  "/sum",
  { access: "public", body: z.array(z.number()) },
  async (_request, { body: numbers }) => Response.json({ sum: numbers.reduce((total, number) => total + number, 0) }),
);

export const bytes = http.put("/bytes", { access: "public" }, async (request) => {
  const body = new Uint8Array(await request.arrayBuffer());
  return new Response(body, {
    headers: { "content-type": "application/octet-stream", "x-length": String(body.length) },
  });
});

export const text = http.get(
  "/text",
  { access: "public" },
  () => new Response("\uFEFFGrüße, 世界 🌍\n", { headers: { "content-type": "text/plain; charset=utf-8" } }),
);

export const empty = http.get("/empty", { access: "public" }, () => new Response());

export const cookies = http.get("/cookies", { access: "public" }, () => {
  const headers = new Headers({ "x-beside": "1" });
  headers.append("set-cookie", "plain=1");
  headers.append("set-cookie", "session=a%20b; Max-Age=3600; Path=/; HttpOnly; Secure; SameSite=Lax");
  headers.append("set-cookie", "odd=x=y&z!~; Domain=example.com; Expires=Wed, 21 Oct 2037 07:28:00 GMT");
  headers.append("set-cookie", "gone=; Max-Age=0");
  return new Response("four cookies", { headers });
});

export const status = http.get(
  "/status/:code",
  { access: "public" },
  (_request, { params }) => new Response(null, { status: Number(params.code), headers: { etag: '"v1"' } }),
);

export const redirect = http.get(
  "/redirect",
  { access: "public" },
  () => new Response(null, { status: 307, headers: { location: "/elsewhere?a=b%20c" } }),
);

/** Gives a header back, or one that no header can be. */
export const mirror = http.get("/mirror", { access: "public" }, (request) => {
  const name = request.headers.get("x-name") ?? "";
  return Response.json([name], { headers: { "x-name": request.url.endsWith("?world") ? "世界" : name } });
});

/** A line of each level, with a field that would be somebody else's. */
export const severities = http.get("/severities", { access: "public" }, (_request, { log }) => {
  for (const level of ["debug", "info", "warn", "error"] as const) log[level]("a line", { severity: "NONE" });
  return new Response();
});
