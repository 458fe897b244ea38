// What is deployed: the app behind one route, and a route of its own beside it.
import { http, state } from "faasten";
import { app, type Note } from "./app.ts";

export const notes = state<Note>("notes");

export const api = http.any("/notes/*", { access: "public", uses: { notes: notes.readWrite } }, (request, { notes }) =>
  app.fetch(request, { notes }),
);

export const health = http.get("/health", { access: "public" }, () => Response.json({ ok: true }));
