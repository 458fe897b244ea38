// A contract server of ours for Blob Storage: block blobs with conditions and metadata, and lists of them in pages.
// https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api
import { randomUUID } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { signature } from "./shared-key.ts";

export interface BlobStorage {
  /** Of the service; an account's name and key go with it where no token does. */
  readonly url: string;
  readonly account: string;
  readonly key: string;
  /** What each request was: its method, and the path. */
  readonly requests: readonly string[];
  createContainer(name: string): void;
  /** Puts a blob there, as somebody else would; gives its etag. */
  plant(container: string, name: string, bytes: Buffer, beside: Readonly<Record<string, string>>): string;
  close(): Promise<void>;
}

interface Blob {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly modified: Date;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

/** `whose`: of a token of Microsoft Entra; `undefined`: nobody's. */
export async function startBlobStorage(
  whose: (token: string) => string | undefined = () => undefined,
): Promise<BlobStorage> {
  const account = "contract";
  const key = Buffer.from(randomUUID()).toString("base64");
  const containers = new Map<string, Map<string, Blob>>();
  const requests: string[] = [];

  function answer(method: string, url: URL, headers: IncomingHttpHeaders, bytes: Buffer): Answer {
    const [, token] = /^Bearer (.+)$/.exec(headers.authorization ?? "") ?? [];
    const signed = headers.authorization === `SharedKey ${account}:${signature(method, url, headers, account, key)}`;
    if (token === undefined ? !signed : whose(token) === undefined)
      return refused(403, "AuthenticationFailed", "Server failed to authenticate the request.");
    const path = decodeURIComponent(url.pathname).replace(new RegExp(`^/${account}(?=/)`), "");
    const [, container = "", name] = /^\/([^/]+)(?:\/(.+))?$/s.exec(path) ?? [];
    const blobs = containers.get(container);
    if (!blobs) return refused(404, "ContainerNotFound", "The specified container does not exist.");
    if (name === undefined) return listed(blobs, url.searchParams);
    const found = blobs.get(name);
    const wrong = conditionOf(headers, found);
    if (method === "PUT") {
      if (headers["x-ms-blob-type"] !== "BlockBlob") return refused(400, "MissingRequiredHeader", "x-ms-blob-type");
      if (wrong) return found && headers["if-none-match"] === "*" ? already : wrong;
      const kept = Object.entries(headers).flatMap(([header, value]) => {
        if (header === "x-ms-blob-content-type") return [["content-type", String(value)] as const];
        return header.startsWith("x-ms-meta-") ? [[header, String(value)] as const] : [];
      });
      return { status: 201, headers: { etag: keep(blobs, name, bytes, Object.fromEntries(kept)) } };
    }
    if (!found) return refused(404, "BlobNotFound", "The specified blob does not exist.");
    if (wrong) return wrong;
    if (method === "DELETE") {
      blobs.delete(name);
      return { status: 202 };
    }
    const known = {
      ...found.headers,
      etag: found.etag,
      "last-modified": found.modified.toUTCString(),
      "content-length": String(found.bytes.byteLength),
    };
    if (method === "HEAD") return { status: 200, headers: known };
    return { status: 200, headers: { ...known, "x-ms-blob-type": "BlockBlob" }, body: found.bytes };
  }

  const server = createServer(async (request: IncomingMessage, response) => {
    const { method = "", headers } = request;
    const url = new URL(request.url ?? "/", "http://storage");
    const bytes = await buffer(request);
    requests.push(`${method} ${url.pathname}`);
    const { status, headers: own, body } = answer(method, url, headers, bytes);
    response.writeHead(status, { "x-ms-request-id": randomUUID(), "x-ms-version": "2025-01-05", ...own });
    response.end(method === "HEAD" ? undefined : body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    account,
    key,
    requests,
    plant: (container, name, bytes, beside) => keep(containers.get(container) ?? new Map(), name, bytes, beside),
    createContainer: (name) => void containers.set(name, containers.get(name) ?? new Map()),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function keep(blobs: Map<string, Blob>, name: string, bytes: Buffer, headers: Blob["headers"]): string {
  const etag = `"0x${randomUUID().replaceAll("-", "").toUpperCase().slice(0, 15)}"`;
  blobs.set(name, { bytes, etag, headers, modified: new Date() });
  return etag;
}

/** https://learn.microsoft.com/rest/api/storageservices/specifying-conditional-headers-for-blob-service-operations */
function conditionOf(headers: IncomingHttpHeaders, found: Blob | undefined): Answer | undefined {
  const [match, none] = [headers["if-match"], headers["if-none-match"]];
  const unmet = refused(412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.");
  if (match !== undefined && (!found || (match !== "*" && match !== found.etag))) return unmet;
  if (none !== undefined && found && (none === "*" || none === found.etag)) return unmet;
  return undefined;
}

function listed(blobs: ReadonlyMap<string, Blob>, asked: URLSearchParams): Answer {
  const prefix = asked.get("prefix") ?? "";
  const size = Math.min(5000, Number(asked.get("maxresults") ?? 5000));
  const names = [...blobs.keys()].filter((name) => name.startsWith(prefix)).sort();
  const from = names.findIndex((name) => name >= (asked.get("marker") ?? ""));
  const page = from < 0 ? [] : names.slice(from, from + size);
  const next = from < 0 ? undefined : names[from + size];
  const entries = page.map((name) => {
    const { bytes, etag, modified, headers } = blobs.get(name) as Blob;
    const meta = Object.entries(headers).flatMap(([header, value]) =>
      header.startsWith("x-ms-meta-") ? [`<${header.slice(10)}>${escaped(value)}</${header.slice(10)}>`] : [],
    );
    return `<Blob><Name>${escaped(name)}</Name><Properties><Last-Modified>${modified.toUTCString()}</Last-Modified><Etag>${escaped(etag)}</Etag><Content-Length>${bytes.byteLength}</Content-Length><BlobType>BlockBlob</BlobType></Properties>${asked.get("include")?.includes("metadata") ? `<Metadata>${meta.join("")}</Metadata>` : ""}</Blob>`;
  });
  const body = `<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="http://storage/"><Blobs>${entries.join("")}</Blobs><NextMarker>${escaped(next ?? "")}</NextMarker></EnumerationResults>`;
  return { status: 200, headers: { "content-type": "application/xml" }, body };
}

const already = refused(409, "BlobAlreadyExists", "The specified blob already exists.");

function refused(status: number, code: string, message: string): Answer {
  const body = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { status, headers: { "content-type": "application/xml", "x-ms-error-code": code }, body };
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
