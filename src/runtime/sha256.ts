// A name for a text that is too long, or not plain enough, to be one.

/** In hex. */
export function sha256(text: string): string {
  return process.getBuiltinModule("node:crypto").createHash("sha256").update(text).digest("hex");
}
