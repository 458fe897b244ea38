// An ordinary Hono app. Its `env` is what the function was granted.
import type { State } from "faasten";
import { Hono } from "hono";
import { validator } from "hono/validator";
import * as z from "zod";

export const Note = z.object({ title: z.string().min(1).max(80), text: z.string().max(10_000).default("") });
export type Note = z.infer<typeof Note>;

interface Env {
  readonly Bindings: { readonly notes: State<Note> };
}

const note = validator("json", (value, context) => {
  const read = Note.safeParse(value);
  return read.success
    ? read.data
    : context.json({ issues: read.error.issues.map(({ path, message }) => ({ path: path.join("."), message })) }, 422);
});

export const app: Hono<Env> = new Hono<Env>()
  .basePath("/notes")
  .put("/:id", note, async (context) => {
    const etag = await context.env.notes.set(context.req.param("id"), context.req.valid("json"));
    return context.json(context.req.valid("json"), 200, { etag });
  })
  .get("/:id", async (context) => {
    const found = await context.env.notes.get(context.req.param("id"));
    return found ? context.json(found.value, 200, { etag: found.etag }) : context.notFound();
  })
  .delete("/:id", async (context) => {
    await context.env.notes.delete(context.req.param("id"));
    return context.body(null, 204);
  });
