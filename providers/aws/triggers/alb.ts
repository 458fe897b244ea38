// A request through an application load balancer, whose target group hands over headers as single values or as lists.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
import { type Reply, type Trigger, toRequest } from "../../../src/provider.ts";
import { encodedPath, encodeReply, hostIn, joinedHeaders, type ResultBody, sentHeaders } from "../front.ts";

type Single = Readonly<Record<string, string>>;
type Lists = Readonly<Record<string, readonly string[]>>;

/** Either the single ones or the lists, as the target group is set. */
export interface AlbEvent {
  readonly requestContext: { readonly elb: { readonly targetGroupArn: string } };
  readonly httpMethod: string;
  readonly path: string;
  /** As it was sent, percent-encoded. */
  readonly queryStringParameters?: Single;
  readonly multiValueQueryStringParameters?: Lists;
  readonly headers?: Single;
  readonly multiValueHeaders?: Lists;
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

export interface AlbResult extends ResultBody {
  readonly statusCode: number;
  readonly headers?: Single;
  readonly multiValueHeaders?: Lists;
}

/** Bytes of JSON: "Limits" of the page above. */
const largestResult = 1024 * 1024;

export const trigger: Trigger<AlbEvent, AlbResult | Promise<AlbResult>> = {
  name: "aws.alb",
  accepts: isAlbEvent,
  decode({ payload }) {
    const { httpMethod, multiValueHeaders, body } = payload;
    const headers = joinedHeaders(payload.headers, multiValueHeaders);
    const path = encodedPath(payload.path);
    const request = toRequest({
      method: httpMethod,
      url: () =>
        `${headers["x-forwarded-proto"] === "http" ? "http" : "https"}://${hostIn(headers)}${path}${queryOf(payload)}`,
      headers,
      body: body || undefined,
      ...(payload.isBase64Encoded && { base64: true }),
    });
    return [{ kind: "request", request, path }];
  },
  /** In the form of the request: the load balancer reads no other. */
  encode: (outcomes, { payload }) =>
    encodeReply(outcomes, payload.multiValueHeaders ? toLists : toSingle, largestResult),
};

function isAlbEvent(payload: unknown): payload is AlbEvent {
  const { requestContext, httpMethod, path, headers, multiValueHeaders } = (payload ?? {}) as Partial<AlbEvent>;
  return (
    typeof requestContext?.elb === "object" &&
    requestContext.elb !== null &&
    typeof httpMethod === "string" &&
    typeof path === "string" &&
    path.startsWith("/") &&
    (isMap(headers) || isMap(multiValueHeaders))
  );
}

function isMap(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function queryOf({ queryStringParameters, multiValueQueryStringParameters }: AlbEvent): string {
  const lists = multiValueQueryStringParameters ?? queryStringParameters ?? {};
  const pairs = Object.entries(lists).flatMap(([name, values]) => [values].flat().map((value) => `${name}=${value}`));
  return pairs.length > 0 ? `?${pairs.join("&").replaceAll("#", "%23")}` : "";
}

function toLists({ status, headers, cookies }: Reply, body: ResultBody): AlbResult {
  const lists = Object.entries(sentHeaders(headers)).map(([name, value]) => [name, [value]] as const);
  return {
    statusCode: status,
    multiValueHeaders: Object.fromEntries([
      ...lists,
      ...(cookies.length > 0 ? [["set-cookie", cookies] as const] : []),
    ]),
    ...body,
  };
}

/** One name holds one value, so each further cookie comes under the same name in other letters. */
function toSingle({ status, headers, cookies }: Reply, body: ResultBody): AlbResult {
  const own = cookies.map((cookie, index) => [lettered("set-cookie", index), cookie] as const);
  return { statusCode: status, headers: Object.assign(sentHeaders(headers), Object.fromEntries(own)), ...body };
}

/** The bits of `index` say which letters are capitals. */
function lettered(name: string, index: number): string {
  let bits = index;
  return name.replace(/[a-z]/g, (letter) => {
    const capital = bits % 2 === 1;
    bits = Math.floor(bits / 2);
    return capital ? letter.toUpperCase() : letter;
  });
}
