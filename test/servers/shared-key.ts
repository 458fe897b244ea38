// How a request to Azure Storage is signed with an account's key.
// https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
import { createHmac } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

export function signature(
  method: string,
  url: URL,
  headers: IncomingHttpHeaders,
  account: string,
  key: string,
): string {
  const named = ["content-encoding", "content-language", "content-length", "content-md5", "content-type", "date"];
  const conditions = ["if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range"];
  const values = [...named, ...conditions].map((name) => {
    const value = String(headers[name] ?? "");
    return name === "content-length" && value === "0" ? "" : value;
  });
  const own = Object.entries(headers)
    .filter(([name]) => name.startsWith("x-ms-"))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${String(value).trim()}\n`);
  const query = [...url.searchParams].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `\n${name}:${value}`);
  const resource = `/${account}${url.pathname}${query.join("")}`;
  const text = `${[method, ...values].join("\n")}\n${own.join("")}${resource}`;
  return createHmac("sha256", Buffer.from(key, "base64")).update(text).digest("base64");
}
