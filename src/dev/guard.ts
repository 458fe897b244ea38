// Who may ask `/_faasten/`, and which requests are for it, however they are spelled.
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { FaastenError } from "../errors.ts";

/**
 * Whether a request's target is below `/_faasten` by any reading that an app, a library or a proxy could have of it:
 * absolute, percent-encoded, in capitals, with doubled slashes, backslashes or dot segments. None of these reaches an app.
 */
export function isReserved(target: string): boolean {
  if (!target.includes("%") && !/_faasten/i.test(target)) return false;
  const path = target.replace(/^[a-z][a-z0-9+.-]*:[/\\]{2}[^/\\?#]*/i, "").replace(/[?#].*$/s, "");
  return [path, decoded(path)].some((reading) => firstSegment(reading) === "_faasten");
}

/** A page of another site, a name that was rebound to this address, and whoever lacks the token, get nothing. */
export function guard(message: Pick<IncomingMessage, "headers">, port: number, token: string): void {
  guardOrigin(message, port);
  const [, given = ""] = /^bearer (.+)$/i.exec(message.headers.authorization ?? "") ?? [];
  if (!timingSafeEqual(digest(given), digest(token))) {
    throw new FaastenError(
      "UNAUTHENTICATED",
      "the token that `faasten dev` printed is wanted, as `authorization: Bearer …`",
    );
  }
}

/** The same but for the token, for what has a proof of its own. */
export function guardOrigin({ headers }: Pick<IncomingMessage, "headers">, port: number): void {
  const names = ["127.0.0.1", "localhost", "[::1]"].flatMap((name) =>
    port === 80 ? [name, `${name}:80`] : `${name}:${port}`,
  );
  if (!names.includes((headers.host ?? "").toLowerCase()))
    throw new FaastenError(
      "DENIED",
      `this is asked as http://127.0.0.1:${port} or localhost, by no other name or port`,
    );
  const { origin } = headers;
  if (origin !== undefined && !names.some((name) => origin === `http://${name}`))
    throw new FaastenError("DENIED", "pages of other origins may not ask this: ask it from a program, with the token");
}

/** Of equal length, whatever was given: nothing can be told by the time that comparing takes. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function decoded(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** The first that is left once dot segments are resolved. */
function firstSegment(path: string): string | undefined {
  const left: string[] = [];
  for (const segment of path.toLowerCase().split(/[/\\]+/)) {
    if (segment === "..") left.pop();
    else if (segment !== "" && segment !== ".") left.push(segment.replace(/[?#;\0].*$/s, ""));
  }
  return left[0];
}
