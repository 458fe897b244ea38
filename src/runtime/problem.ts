// Refusals over HTTP: problem details, RFC 9457.
import type { ErrorCode } from "../errors.ts";
import { Response } from "./response.ts";

export interface Problem {
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  /** What a body lacks, one by one. */
  readonly issues?: readonly { readonly path: string; readonly message: string }[];
  /** The invocation, to be found in the log. */
  readonly instance?: string;
}

export function problem(
  { status, code, detail, issues, instance }: Problem,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const title = titles[status] ?? (status < 500 ? "Bad Request" : "Internal Server Error");
  const body = {
    type: "about:blank",
    title,
    status,
    code,
    detail,
    ...(issues && { issues }),
    ...(instance && { instance }),
  };
  return Response.json(body, { status, headers: { ...headers, "content-type": "application/problem+json" } });
}

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};
