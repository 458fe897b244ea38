// Preflights of a path whose functions are deployed one by one.
import { describe, expect, test } from "vitest";
import type { Definition, Invocation } from "../../../src/contracts/function.ts";
import * as http from "../../../src/functions/http.ts";
import { preflighted } from "../../../src/functions/preflights.ts";

const own = { origins: ["https://shop.example"] };
const other = { origins: ["https://desk.example"], headers: ["x-desk"] };
const definition = http.get("/orders", { access: "public", cors: own }, () => new Response("orders"));
const both = preflighted(definition, [{ method: "PUT", cors: other }]);

async function ask(of: Definition, asked: string | undefined, origin: string, method = "OPTIONS"): Promise<Response> {
  const headers = { origin, ...(asked !== undefined && { "access-control-request-method": asked }) };
  const request = new Request("https://api.example/orders", { method, headers });
  const outcome = await of.settle({ kind: "request", request, path: "/orders" }, {} as Invocation);
  if (outcome.kind !== "reply") throw new Error(outcome.kind);
  return outcome.response;
}

describe("a preflight", () => {
  test("for the function's own method is answered by its own rules", async () => {
    const { headers } = await ask(both, "GET", "https://shop.example");
    expect(headers.get("access-control-allow-methods")).toBe("GET");
    expect(headers.get("access-control-allow-origin")).toBe("https://shop.example");
  });

  test("for a neighbour's method is answered by the neighbour's rules", async () => {
    const { status, headers } = await ask(both, "PUT", "https://desk.example");
    expect(status).toBe(204);
    expect(headers.get("access-control-allow-methods")).toBe("PUT");
    expect(headers.get("access-control-allow-headers")).toBe("x-desk");
  });

  test("from where only the other may be called lets nobody in", async () => {
    for (const [asked, origin] of [
      ["PUT", "https://shop.example"],
      ["GET", "https://desk.example"],
    ] as const)
      expect((await ask(both, asked, origin)).headers.get("access-control-allow-origin")).toBeNull();
  });

  test("for a method that nobody has is no neighbour's", async () => {
    expect((await ask(both, "DELETE", "https://desk.example")).headers.get("access-control-allow-methods")).toBeNull();
  });
});
