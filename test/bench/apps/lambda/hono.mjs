import { Hono } from "hono";
import { handle } from "hono/aws-lambda";

const app = new Hono();
app.post("/orders/:id", async (context) => {
  const { quantity } = await context.req.json();
  return context.json({
    id: context.req.param("id"),
    tenant: context.req.header("x-tenant") ?? null,
    quantity: quantity + 1,
  });
});

export const handler = handle(app);
