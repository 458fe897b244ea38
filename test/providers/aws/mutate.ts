// Recorded calls with something changed anywhere in them, the same for the same seed.
type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** What nobody expects in any place. */
const odd: readonly Json[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e308,
    "",
    " ",
    "x",
    "\u0000",
    "\ud800",
    "%",
    "%ff",
    "é",
    "/",
    "0",
    "null",
    "{}",
    "[]",
  ],
  ...["{", "__proto__", "constructor", "aws:sqs", "aws:s3", "2.0", "Notification", "x".repeat(300)],
  ...['{"specversion":"1.0"}', '{"specversion":"1.0","id":"1","source":"s","type":"t","data":1}', '"text"'],
  ...['{"specversion":"1.0","id":"1","source":"s","type":"t","expiration":"2001-01-01T00:00:00Z"}'],
  ...[
    [],
    {},
    [null],
    [[]],
    { __proto__: 1 } as unknown as Json,
    { specversion: "1.0", id: "1", source: "s", type: "t" },
  ],
];

/** One to three changes; the call itself is left as it was. */
export function mutated(payload: unknown, random: () => number): unknown {
  const root = { it: structuredClone(payload) as Json };
  const times = 1 + Math.floor(random() * 3);
  for (let time = 0; time < times; time++) change(root, random);
  return root.it;
}

function change(root: { it: Json }, random: () => number): void {
  const places = placesIn(root);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const { holder, name } = pick(places);
  const value = holder[name] as Json;
  const kind = random();
  if (kind < 0.15 && holder !== root) remove(holder, name);
  else if (kind < 0.25 && Array.isArray(holder)) (holder as unknown as Json[]).push(structuredClone(value));
  else if (kind < 0.35) holder[name] = structuredClone(pick(places).holder[pick(places).name] ?? null);
  else if (kind < 0.6 && typeof value === "string") holder[name] = cut(value, random);
  else holder[name] = structuredClone(pick(odd));
}

interface Place {
  readonly holder: { [name: string]: Json };
  readonly name: string;
}

function placesIn(root: { it: Json }): readonly Place[] {
  const places: Place[] = [];
  const look = (holder: { [name: string]: Json }): void => {
    for (const name of Object.keys(holder)) {
      places.push({ holder, name });
      const value = holder[name];
      if (typeof value === "object" && value !== null) look(value as { [name: string]: Json });
    }
  };
  look(root);
  return places;
}

function remove(holder: { [name: string]: Json }, name: string): void {
  if (Array.isArray(holder)) (holder as unknown as Json[]).splice(Number(name), 1);
  else delete holder[name];
}

/** Of a text a part taken out, and another in its place: of JSON in it, too. */
function cut(text: string, random: () => number): string {
  const at = Math.floor(random() * (text.length + 1));
  const parts = ["", "", '"', "{", "}", ",", "0", "\\", "%", "é", "\n"];
  const put = parts[Math.floor(random() * parts.length)] ?? "";
  return text.slice(0, at) + put + text.slice(at + Math.floor(random() * 5));
}
