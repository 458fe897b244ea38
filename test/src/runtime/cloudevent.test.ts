// The CloudEvents codec: round trips, foreign and hostile input, and the official package wherever that one is right.
import { type CloudEventV1, HTTP, CloudEvent as OfficialEvent } from "cloudevents";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CloudEvent } from "../../../src/contracts/event.ts";
import {
  fromBatch,
  fromBinary,
  fromStructured,
  isJson,
  toBinary,
  toStructured,
} from "../../../src/runtime/cloudevent.ts";

const taken = ["specversion", "id", "source", "type", "time", "subject", "datacontenttype", "dataschema", "data"];
const text = fc.string({ minLength: 1, unit: "grapheme" });
const time = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((date) => date.toISOString());
const extensionName = fc
  .stringMatching(/^[a-z0-9]{1,20}$/)
  .filter((name) => ![...taken, "constructor", "prototype"].includes(name));
const json = fc.oneof(
  fc.jsonValue().map((value) => ({ json: JSON.stringify(value) })),
  fc.jsonValue().map((value) => ({ json: JSON.stringify(value, null, 1) })),
  fc
    .constantFrom("1.50", "12345678901234567890", '{ "n": 1e400 }', '"\\u00e9\\/"')
    .map((written) => ({ json: written })),
);
const bytes = fc.uint8Array().map((value) => ({ bytes: Buffer.from(value) }));

function eventWith(value: fc.Arbitrary<unknown>, mediaType: fc.Arbitrary<string>): fc.Arbitrary<CloudEvent> {
  const required = { specversion: fc.constant("1.0"), id: text, source: text, type: text };
  const scalar = fc.oneof(text, fc.integer(), fc.boolean());
  const extensions = fc.dictionary(extensionName, scalar, { minKeys: 1, maxKeys: 4, noNullPrototype: false });
  const optional = { time, subject: text, datacontenttype: mediaType, dataschema: text, data: value, extensions };
  return fc
    .record({ ...required, ...optional }, { requiredKeys: ["specversion", "id", "source", "type"] })
    .map(asEvent);
}

/** fast-check knows no literal types; the records above have the event's shape. */
function asEvent(record: unknown): CloudEvent {
  return record as CloudEvent;
}

const jsonTypes = fc.constantFrom(
  "application/json",
  "application/json; charset=utf-8",
  "Text/JSON",
  "application/x+json",
);
const otherTypes = fc.constantFrom("text/plain", "application/octet-stream", "application/jsonx");
const jsonEvent = eventWith(json, jsonTypes);
const bytesEvent = eventWith(bytes, otherTypes);

const least = { specversion: "1.0", id: "1", source: "/s", type: "t" } as const;

describe("structured", () => {
  test("comes back as it went, JSON data letter by letter", () => {
    fc.assert(
      fc.property(fc.oneof(jsonEvent, bytesEvent), (event) => {
        expect(fromStructured(toStructured(event))).toEqual(event);
      }),
    );
  });

  test("the official package reads what we write", () => {
    // It drops data that is falsy, and makes 32-bit words of bytes.
    const event = jsonEvent
      .map(officialSafe)
      .filter((made) => Boolean(made.data && "json" in made.data && JSON.parse(made.data.json)));
    fc.assert(
      fc.property(event, (ours) => {
        const body = toStructured(ours);
        const theirs = one(HTTP.toEvent({ headers: { "content-type": "application/cloudevents+json" }, body }));
        expect(fieldsOf(theirs)).toEqual(fieldsOf(ours));
        expect(theirs.data).toEqual(ours.data && "json" in ours.data && JSON.parse(ours.data.json));
      }),
    );
  });

  test("we read what the official package writes, which loses no data there", () => {
    fc.assert(
      fc.property(
        jsonEvent.map(officialSafe),
        fc.oneof(fc.jsonValue(), fc.uint8Array({ minLength: 1 })),
        (event, data) => {
          const theirs = new OfficialEvent({ ...fieldsOf(event), data }, false);
          const ours = fromStructured(String(HTTP.structured(theirs).body));
          expect(ours && fieldsOf(ours)).toEqual(fieldsOf(theirs));
          const expected = data instanceof Uint8Array ? { bytes: Buffer.from(data) } : { json: JSON.stringify(data) };
          expect(ours?.data).toEqual(expected);
        },
      ),
    );
  });

  test("text under a media type that is not JSON is bytes; without a media type it is JSON", () => {
    const read = (members: object): unknown => fromStructured(JSON.stringify({ ...least, ...members }))?.data;
    expect(read({ datacontenttype: "text/plain", data: "grüße" })).toEqual({ bytes: Buffer.from("grüße") });
    expect(read({ datacontenttype: "text/xml", data: { a: 1 } })).toEqual({ json: '{"a":1}' });
    expect(read({ data: "text" })).toEqual({ json: '"text"' });
    expect(read({ data: null })).toEqual({ json: "null" });
    expect(read({ data_base64: "/w==" })).toEqual({ bytes: Buffer.from([255]) });
    expect(read({ data_base64: null, data: 1 })).toEqual({ json: "1" });
  });

  test.each([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["null", "null"],
    ["another version", JSON.stringify({ ...least, specversion: "0.3" })],
    ["no id", JSON.stringify({ ...least, id: undefined })],
    ["an empty source", JSON.stringify({ ...least, source: "" })],
    ["a type that is a number", JSON.stringify({ ...least, type: 1 })],
    ["a subject that is an object", JSON.stringify({ ...least, subject: {} })],
    ["data twice", JSON.stringify({ ...least, data: 1, data_base64: "" })],
    ["data_base64 that is no text", JSON.stringify({ ...least, data_base64: 1 })],
  ])("is no event: %s", (_name, body) => {
    expect(fromStructured(body)).toBeUndefined();
  });

  test("an attribute that is null or empty is not there", () => {
    expect(fromStructured(JSON.stringify({ ...least, time: null, subject: "", trace: null }))).toEqual(least);
  });
});

describe("names and types", () => {
  const hostile = `{"specversion":"1.0","id":"1","source":"/s","type":"t","__proto__":"x","constructor":"x","prototype":"x",
    "Upper":"x","a-b":"x","a_b":"x","":"x","object":{},"list":[],"float":1.5,"huge":1e300,"fine":"x","n":1,"b":false}`;

  test("those that are not allowed are left out, and the map has no prototype", () => {
    const event = fromStructured(hostile);
    expect(event?.extensions).toEqual({ fine: "x", n: 1, b: false });
    expect(Object.getPrototypeOf(event?.extensions)).toBeNull();
    expect(fromStructured(`{"__proto__":${JSON.stringify(least)}}`)).toBeUndefined();
    const headers: Record<string, string> = JSON.parse(
      '{"ce-specversion":"1.0","ce-id":"1","ce-source":"/s","ce-type":"t","ce-__proto__":"x","ce-constructor":"x","ce-data":"x","ce-a_b":"x","ce-fine":"x","ce-datacontenttype":"x","__proto__":"x"}',
    );
    expect(fromBinary(headers, undefined)).toEqual({ ...least, extensions: { fine: "x" } });
    expect(Reflect.get({}, "x")).toBeUndefined();
  });

  test.each(["Upper", "a-b", "", "id", "data", "constructor", "prototype", "é"])("none is written: %j", (name) => {
    const event = { ...least, extensions: { [name]: "x" } };
    expect(() => toStructured(event)).toThrow(expect.objectContaining({ code: "INVALID" }));
    expect(() => toBinary(event)).toThrow(`"${name}"`);
  });
});

describe("binary", () => {
  test("comes back as it went, extensions as text", () => {
    const event = fc.oneof(
      jsonEvent.filter((made) => made.data === undefined || made.datacontenttype !== undefined),
      bytesEvent.filter((made) => made.data === undefined || (made.datacontenttype !== undefined && size(made) > 0)),
    );
    fc.assert(
      fc.property(event, (ours) => {
        const { headers, body } = toBinary(ours);
        for (const value of Object.values(headers)) expect(value).toMatch(/^[\x20-\x7e]*$/);
        expect(fromBinary(headers, body)).toEqual(asText(ours));
        expect(fromBinary(headers, typeof body === "string" ? Buffer.from(body) : body)).toEqual(asText(ours));
      }),
    );
  });

  test("data without a media type is given one", () => {
    expect(toBinary({ ...least, data: { json: "1" } }).headers["content-type"]).toBe("application/json");
    expect(toBinary({ ...least, data: { bytes: Buffer.from("1") } }).headers["content-type"]).toBe(
      "application/octet-stream",
    );
    expect(toBinary(least).headers["content-type"]).toBeUndefined();
  });

  test("text that is not JSON is bytes, whatever it calls itself", () => {
    const { headers } = toBinary({ ...least, datacontenttype: "application/json" });
    expect(fromBinary(headers, "{bad")?.data).toEqual({ bytes: Buffer.from("{bad") });
    expect(fromBinary(headers, new Uint8Array([255]))?.data).toEqual({ bytes: new Uint8Array([255]) });
    expect(fromBinary(headers, "")).not.toHaveProperty("data");
    expect(fromBinary({ ...headers, "content-type": undefined }, "1")?.data).toEqual({ json: "1" });
  });

  test("header values are percent-encoded as the binding has it", () => {
    const written = { ...least, id: 'a "b" %41 €\u007f', subject: "ü" };
    const { headers } = toBinary(written);
    expect(headers["ce-id"]).toBe("a%20%22b%22%20%2541%20%E2%82%AC%7F");
    expect(fromBinary(headers, undefined)).toEqual(written);
    const foreign = { ...headers, "ce-id": '"a \\"b\\" %e2%82%ac"', "ce-subject": "%FF%41%zz" };
    expect(fromBinary(foreign, undefined)).toMatchObject({ id: 'a "b" €', subject: "\uFFFDA%zz" });
  });

  test("ours and the official package's are the same for plain text", () => {
    const plain = fc.stringMatching(/^[!#-$&-~]+$/);
    const event = fc
      .record({ id: plain, source: plain, type: plain, subject: plain, time })
      .map((made) => ({ ...least, ...made }));
    fc.assert(
      fc.property(event, fc.dictionary(fc.string(), fc.jsonValue()), (ours, data) => {
        const body = JSON.stringify(data);
        const written = toBinary({ ...ours, datacontenttype: "application/json", data: { json: body } });
        const theirs = HTTP.binary(new OfficialEvent({ ...ours, datacontenttype: "application/json", data }, false));
        expect({ ...written.headers }).toEqual(theirs.headers);
        expect(written.body).toEqual(theirs.body);
        const read = one(HTTP.toEvent({ headers: { ...written.headers }, body: written.body }));
        expect(fieldsOf(read)).toEqual({ ...fieldsOf(ours), datacontenttype: "application/json" });
      }),
    );
  });

  test("is no event without its headers", () => {
    expect(fromBinary({ "content-type": "application/json" }, "{}")).toBeUndefined();
  });
});

describe("a batch", () => {
  test("comes back in order, and what is no event fails no neighbour", () => {
    const [first, second] = [
      { ...least, data: { json: "1.50" } },
      { ...least, id: "2" },
    ];
    const body = ` [ ${toStructured(first)} ,\n{}, "x" ,${toStructured(second)}] `;
    expect(fromBatch(body)).toEqual([first, undefined, undefined, second]);
    expect(fromBatch("[]")).toEqual([]);
    for (const none of ["{}", "[", "null"]) expect(fromBatch(none)).toBeUndefined();
  });
});

test.each([
  ["application/json", true],
  ["APPLICATION/JSON ; charset=utf-8", true],
  ["application/cloudevents+json", true],
  [undefined, true],
  ["text/plain", false],
  ["application/jsonl", false],
  ["text/plain; x=+json", false],
])("isJson(%s) is %s", (mediaType, expected) => {
  expect(isJson(mediaType)).toBe(expected);
});

function one(found: CloudEventV1<unknown> | CloudEventV1<unknown>[]): CloudEventV1<unknown> {
  if (Array.isArray(found)) throw new Error("one event was sent");
  return found;
}

/** It gives an event without a time the present one, and checks that sources and schemas are URIs. */
function officialSafe({ dataschema: _, ...event }: CloudEvent): CloudEvent {
  const extensions = { plain: "x", number: 7, flag: true };
  return { ...event, source: "/s", time: event.time ?? "2026-01-01T00:00:00.000Z", extensions };
}

/** The attributes and extensions that are there, in one flat record. */
function fieldsOf(event: object): Record<string, unknown> {
  const { data: _, data_base64: __, extensions, ...rest }: Record<string, unknown> = { ...event };
  const all: Record<string, unknown> = { ...rest, ...(typeof extensions === "object" ? extensions : {}) };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function size(event: CloudEvent): number {
  return event.data && "bytes" in event.data ? event.data.bytes.length : 0;
}

function asText(event: CloudEvent): CloudEvent {
  if (!event.extensions) return event;
  return {
    ...event,
    extensions: Object.fromEntries(Object.entries(event.extensions).map(([name, value]) => [name, `${value}`])),
  };
}
