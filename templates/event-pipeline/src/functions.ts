// A document is put into the bucket, its words are counted, and the counts can be read.
import { binding, http, state, topic } from "faasten";
import * as z from "zod";

const Received = z.object({ key: z.string(), size: z.number() });
const Summary = z.object({ key: z.string(), words: z.number(), lines: z.number() });

export const uploads = binding("uploads");
export const received = topic("document.received", { schema: Received });
export const summaries = state("summaries", { schema: Summary });

/** What happens in the bucket, as an event that anybody may subscribe to. */
export const announce = uploads.input({ uses: { received: received.publish } }, async ({ data }, { received }) => {
  if (data.change === "created") await received.publish({ key: data.key, size: data.size ?? 0 });
});

/** The same document twice gives the same summary: nothing is counted up. */
export const summarise = received.subscribe(
  { uses: { uploads: uploads.output("get"), summaries: summaries.readWrite } },
  async (event, { uploads, summaries }) => {
    const { key } = event.data;
    const document = await uploads.get(key);
    if (!document) return event.drop("it is gone since");
    const text = document.text();
    const words = text.split(/\s+/).filter((word) => word !== "").length;
    await summaries.set(key, { key, words, lines: text.split("\n").length });
  },
);

export const getSummary = http.get(
  "/summaries/:key",
  { access: "public", uses: { summaries: summaries.read } },
  async (_request, { params, summaries }) => {
    const found = await summaries.get(params.key);
    return found ? Response.json(found.value) : new Response(null, { status: 404 });
  },
);

export const putDocument = http.put(
  "/documents/:key",
  { access: "public", uses: { uploads: uploads.output("create") } },
  async (request, { params, uploads }) => {
    await uploads.create(await request.text(), { key: params.key, contentType: "text/plain" });
    return new Response(null, { status: 202 });
  },
);
