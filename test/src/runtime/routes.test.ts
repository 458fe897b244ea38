// Which function answers a request: also one that only asks whether it may be sent.
import { describe, expect, test } from "vitest";
import type { Served } from "../../../src/contracts/provider.ts";
import * as http from "../../../src/functions/http.ts";
import { createRoutes } from "../../../src/runtime/routes.ts";

const reply = () => new Response();
const served = (name: string, definition: Served["definition"]): Served => ({ name, definition, triggers: [] });
const cors = { origins: ["https://a.example"] };
const find = createRoutes([
  served("put", http.put("/a", { access: "public", cors }, reply)),
  served("post", http.post("/a", { access: "public" }, reply)),
  served("rest", http.any("/*", { access: "public" }, reply)),
  served("bare", http.get("/only/get", { access: "public" }, reply)),
]);

function ask(method: string, path: string, headers: Readonly<Record<string, string>> = {}): string | number {
  const found = find({ method, headers: new Headers(headers) }, path);
  return "definition" in found ? found.name : found.status;
}

describe("a preflight", () => {
  const asking = (method: string) => ({ origin: "https://a.example", "access-control-request-method": method });

  test("goes to the function of the method that it asks for, before any that takes every method", () => {
    expect(ask("OPTIONS", "/a", asking("PUT"))).toBe("put");
  });

  test("goes on as any other request where that function says nothing of other origins", () => {
    expect(ask("OPTIONS", "/a", asking("POST"))).toBe("rest");
    expect(ask("OPTIONS", "/a", asking("DELETE"))).toBe("rest");
    expect(ask("OPTIONS", "/a")).toBe("rest");
  });
});

test("methods that no Request can have are refused, whatever takes every method", () => {
  for (const method of ["TRACE", "TRACK", "CONNECT"]) expect(ask(method, "/b")).toBe(405);
});

test("what nobody answers is 404, and what somebody answers by another method 405", () => {
  const alone = createRoutes([served("bare", http.get("/only/get", { access: "public" }, reply))]);
  const status = (method: string, path: string) => {
    const found = alone({ method, headers: new Headers() }, path);
    return "definition" in found ? found.name : [found.status, found.headers.get("allow")];
  };
  expect(status("GET", "/only/get")).toBe("bare");
  expect(status("POST", "/only/get")).toEqual([405, "GET"]);
  expect(status("OPTIONS", "/only/get")).toEqual([405, "GET"]);
  expect(status("GET", "/nothing")).toEqual([404, null]);
});
