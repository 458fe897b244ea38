// Holds a host to what `behaviours.ts` expects.
import { expect } from "vitest";
import { type Cut, comparable, type Delivery, type Exchange, type HostReply, type Logged } from "./behaviours.ts";

/** All whole lines that a host has printed so far. */
export type Lines = () => readonly string[];

/** `reference`: what the local host answers. */
export function checkReply(exchange: Exchange, reply: HostReply, reference: HostReply | undefined): void {
  const { status, headers = {}, cookies, json, text, bytes, problem } = exchange;
  const body = Buffer.from(reply.body);
  expect(reply.status, body.toString().slice(0, 1000)).toBe(status);
  expect(reply.headers).toMatchObject(headers);
  if (cookies) expect(reply.cookies).toEqual(cookies);
  if (json !== undefined) expect(JSON.parse(body.toString())).toEqual(json);
  if (text !== undefined) expect(body.toString()).toBe(text);
  if (bytes) expect(body.equals(bytes), "the same bytes").toBe(true);
  if (problem !== undefined) {
    expect(reply.headers["content-type"]).toBe("application/problem+json");
    expect(JSON.parse(body.toString())).toMatchObject({ code: problem, status });
  }
  if (reference) expect(comparable(reply)).toEqual(comparable(reference));
}

export async function checkCut({ target, logged, endless }: Cut, origin: string, lines: Lines): Promise<void> {
  const from = lines().length - 1;
  const response = await fetch(`${origin}${target}`);
  expect(response.status).toBe(200);
  let text = "";
  const read = async (): Promise<void> => {
    for await (const part of response.body ?? []) text += Buffer.from(part).toString();
  };
  await expect(read()).rejects.toThrow();
  expect(endless ? text.slice(0, 6) : text).toBe("first ");
  await checkLog(lines, Math.max(0, from), logged);
}

/** Waits until the lines after the first `from` hold all that is expected: logs come when they come. */
export async function checkLog(lines: Lines, from: number, expected: readonly Logged[]): Promise<void> {
  const since = (): readonly Logged[] => lines().slice(from).flatMap(parsed);
  await expect
    .poll(() => expected.filter((wanted) => !since().some((line) => holds(line, wanted))), { timeout: 15_000 })
    .toEqual([]);
}

export async function checkDelivery(
  delivery: Delivery,
  acknowledged: boolean,
  lines: Lines,
  from: number,
): Promise<void> {
  expect(acknowledged ? "acknowledged" : "again").toBe(delivery.outcome);
  await checkLog(lines, from, delivery.logged ?? []);
  const saw = lines()
    .slice(from)
    .flatMap(parsed)
    .some((line) => holds(line, { message: "saw" }));
  if (delivery.unseen) expect(saw, "a handler saw it").toBe(false);
}

function parsed(line: string): readonly Logged[] {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? [value as Logged] : [];
  } catch {
    return [];
  }
}

function holds(line: Logged, wanted: Logged): boolean {
  return Object.entries(wanted).every(([name, value]) => line[name] === value);
}
