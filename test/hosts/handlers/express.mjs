// One Express app behind two libraries that make it a Lambda handler.
import codegenieExpress from "@codegenie/serverless-express";
import vendiaExpress from "@vendia/serverless-express";
import express from "express";

const app = express();
app.use(express.json());
app.use(express.urlencoded({ extended: false }));
app.all("/{*rest}/seen", ({ method, path, query, body = null, headers }, response) => {
  response.cookie("first", "1", { httpOnly: true }).cookie("second", "2", { path: "/shop" });
  response.json({ method, path, query, body, cookie: headers.cookie ?? null, named: headers["x-named"] ?? null });
});
app.all("/seen", ({ method, path, query }, response) => response.json({ method, path, query }));
app.get("/{*rest}/bytes", (_request, response) => {
  response.type("image/png").send(Buffer.from([137, 80, 78, 71, 0, 255, 128, 13, 10]));
});
app.get("/{*rest}/moved", (_request, response) => response.redirect(307, "/elsewhere?a=1"));
app.get("/{*rest}/none", (_request, response) => response.status(204).end());
app.use((_error, _request, response, _next) => response.status(422).type("text").send("it cannot be read"));

const binary = { binarySettings: { contentTypes: ["image/*"] } };
export const codegenie = codegenieExpress({ app, ...binary });
export const vendia = vendiaExpress({ app, ...binary });
