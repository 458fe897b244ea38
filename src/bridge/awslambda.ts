// The global `awslambda`, as Lambda's runtime has it before the first module of the user's is loaded. Importing this makes it,
// where there is none.
// https://docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html
import { HttpResponseStream, streamifyResponse } from "./stream.ts";

Object.assign(globalThis, {
  awslambda: Reflect.get(globalThis, "awslambda") ?? { streamifyResponse, HttpResponseStream },
});
