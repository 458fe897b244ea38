// Lambda handlers that were there before. `prices` is named in serverless.yml, and needs no code at all.
import { lambda } from "faasten";
import { handler } from "../legacy/audit.ts";
import { changed } from "./model.ts";

export const audit = lambda(handler, { on: changed, event: "sqs" });
