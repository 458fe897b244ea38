import middy from "@middy/core";
import { handler as bare } from "./bare.mjs";

export const handler = middy(bare);
