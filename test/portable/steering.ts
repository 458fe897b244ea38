// What the scenario asks of a target, by the local runtime's `/_faasten/`.
import { createServer } from "node:http";
import { text } from "node:stream/consumers";

export interface Steering {
  readonly url: string;
  close(): void;
}

export type Control = (method: string, path: string, body?: unknown) => Promise<Response>;

export async function steering(control: Control): Promise<Steering> {
  const server = createServer(async (request, response) => {
    const { status, body } = await steer(control, request.method ?? "", request.url ?? "", await text(request));
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, close: () => void server.close() };
}

async function steer(
  control: Control,
  method: string,
  url: string,
  body: string,
): Promise<{ status: number; body: string }> {
  const [, what, name = "", id = ""] = url.split("/");
  const deliver = (to: string, event: unknown): Promise<Response> =>
    control("POST", `/functions/${to}/deliver`, { event });
  const pass = async (response: Response): Promise<{ status: number; body: string }> => ({
    status: response.status,
    body: await response.text(),
  });
  if (method === "GET" && what === "dead-letters") return pass(await control("GET", `/functions/${name}/dead-letters`));
  if (what === "redrive") return pass(await control("POST", `/functions/${name}/dead-letters/${id}/redrive`));
  const {
    function: to,
    event,
    events = [event],
  } = JSON.parse(body) as { function: string; event?: unknown; events?: unknown[] };
  if (what === "batch") {
    const outcomes = await Promise.all(events.map(async (one) => (await deliver(to, one)).json()));
    return { status: 200, body: JSON.stringify(outcomes.map(({ kind }: { kind: string }) => kind === "done")) };
  }
  if (what === "duplicate") await Promise.all([deliver(to, event), deliver(to, event)]);
  else for (const one of what === "reorder" ? events.toReversed() : events) await deliver(to, one);
  return { status: 200, body: "{}" };
}
