// Components that are made of secrets, and what becomes of them when a secret is another.
import { describe, expect, test } from "vitest";
import type { CallOptions, Component } from "../../../src/contracts/component.ts";
import type { Bound } from "../../../src/contracts/provider.ts";
import { FaastenError } from "../../../src/errors.ts";
import { createComponents } from "../../../src/runtime/components.ts";
import { createJournal } from "../../../src/runtime/log.ts";
import { gate, turn } from "./stand-ins.ts";

interface Store extends Component {
  readonly size: number;
  optional?(): Promise<string>;
  get(key: string, options?: CallOptions): Promise<string>;
  list(): AsyncIterable<string>;
  listen(hear: (password: string) => void): void;
  send(body: { readonly body: ReadableStream }): Promise<string>;
  now(): number;
}

/** A service that knows one password, and components that hold the one that they were made of. */
function setup({ shut }: { readonly shut?: Promise<void> } = {}) {
  const service = {
    password: "one",
    refusals: 0,
    calls: [] as string[],
    closed: [] as string[],
    heard: [] as string[],
  };
  const vault = { password: "one", asked: 0, fails: undefined as unknown };
  const refuse = (password: string, what: string): void => {
    service.calls.push(`${what} ${password}`);
    if (password === service.password) return;
    service.refusals++;
    throw new FaastenError("UNAUTHENTICATED", "wrong password");
  };
  const create: Bound<Store>["create"] = ({ metadata: { password = "" } }) => {
    if (password === "unusable") throw new Error(`cannot be made of ${password}`);
    return {
      size: password.length,
      async get(key) {
        refuse(password, key);
        if (key === "slow") await shut;
        if (key === "broken") throw new FaastenError("UNAVAILABLE", "down");
        return `${key} by ${password}`;
      },
      async *list() {
        refuse(password, "list");
        yield "a";
        if (service.password === "changes") service.password = "changed";
        refuse(password, "next");
        yield "b";
      },
      listen(hear) {
        service.heard.push(password);
        hear(password);
      },
      async send({ body }) {
        await new Response(body).text();
        refuse(password, "send");
        return "sent";
      },
      now: () => 7,
      async close() {
        service.closed.push(password);
      },
    };
  };
  const secrets = {
    async get() {
      vault.asked++;
      await turn(1);
      if (vault.fails) throw vault.fails;
      return { password: vault.password };
    },
  } as Component;
  const lines: string[] = [];
  const journal = createJournal((line) => lines.push(line));
  const components = createComponents(
    {
      service: "shop",
      functions: [],
      components: {
        vault: { type: "secretstores.test", create: () => secrets, metadata: {} },
        db: {
          type: "state.test",
          create,
          metadata: { password: { store: "vault", secret: "db", key: "password" }, region: "eu" },
        },
      },
    },
    journal,
  );
  const open = async (): Promise<Store> => (await components.get("db")()) as Store;
  const rotate = (to: string): void => {
    vault.password = to;
    service.password = to;
  };
  return { service, vault, open, rotate, components, lines };
}

async function all(items: AsyncIterable<string>, into: string[] = []): Promise<string[]> {
  for await (const item of items) into.push(item);
  return into;
}

describe("a call that is refused", () => {
  test("is repeated once with the secret as it is now, and the function notices nothing", async () => {
    const { service, vault, open, rotate } = setup();
    const db = await open();
    expect(await db.get("a")).toBe("a by one");
    rotate("second");
    expect(await db.get("b")).toBe("b by second");
    expect(await (await open()).get("c")).toBe("c by second");
    expect(service.calls).toEqual(["a one", "b one", "b second", "c second"]);
    expect([vault.asked, service.closed]).toEqual([2, ["one"]]);
    expect([db.size, db.now(), "optional" in db, "get" in db, db.optional]).toEqual([6, 7, false, true, undefined]);
  });

  test("is not repeated where the secret is what it was", async () => {
    const { service, vault, open } = setup();
    const db = await open();
    service.password = "another";
    await expect(db.get("a")).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect([service.calls, service.closed, vault.asked]).toEqual([["a one"], [], 2]);
    service.password = "one";
    expect(await db.get("a")).toBe("a by one");
  });

  test("is never repeated twice: the fresh secret may be wrong too", async () => {
    const { service, vault, open } = setup();
    const db = await open();
    vault.password = "two";
    service.password = "three";
    await expect(db.get("a")).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect([service.calls, vault.asked]).toEqual([["a one", "a two"], 2]);
  });

  test("for another reason is not repeated, and no secret is read", async () => {
    const { service, vault, open } = setup();
    const db = await open();
    await expect(db.get("broken")).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect([service.calls, vault.asked]).toEqual([["broken one"], 1]);
  });

  test("with two hundred others reads the secret once and makes one component", async () => {
    const { service, vault, open, rotate } = setup();
    const db = await open();
    rotate("two");
    const got = await Promise.all(Array.from({ length: 200 }, (_, index) => db.get(`k${index}`)));
    expect(got).toEqual(Array.from({ length: 200 }, (_, index) => `k${index} by two`));
    expect([vault.asked, service.refusals, service.closed]).toEqual([2, 200, ["one"]]);
  });

  test("after another was renewed meanwhile is repeated on what that one made", async () => {
    const hold = gate();
    const { service, vault, open, rotate } = setup({ shut: hold.passed });
    const db = await open();
    const late = db.list()[Symbol.asyncIterator]();
    rotate("two");
    await db.get("a");
    expect((await late.next()).value).toBe("a");
    expect(vault.asked).toBe(2);
    expect(service.calls.at(-1)).toBe("list two");
  });

  test("has its own error where the secret cannot be read, or nothing be made of it; the log says so, and shows no secret", async () => {
    const { service, vault, open, lines } = setup();
    const db = await open();
    service.password = "two";
    vault.fails = new Error("no vault today");
    await expect(db.get("a")).rejects.toMatchObject({ code: "UNAUTHENTICATED", message: "wrong password" });
    vault.fails = undefined;
    vault.password = "unusable";
    await expect(db.get("a")).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/"component":"db".*no vault today/);
    expect(lines[1]).toMatch(/cannot be made of \[secret\]/);
    vault.password = "two";
    expect(await db.get("a")).toBe("a by two");
  });

  test("that handed over a stream is not repeated, for nothing is left of it; the next call is right", async () => {
    const { service, open, rotate } = setup();
    const db = await open();
    rotate("two");
    const body = new Blob(["x"]).stream();
    await expect(db.send({ body })).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(service.calls).toEqual(["send one"]);
    expect(await db.send({ body: new Blob(["y"]).stream() })).toBe("sent");
  });
});

describe("a list that is refused", () => {
  test("begins anew before it has given anything", async () => {
    const { service, open, rotate } = setup();
    const db = await open();
    rotate("two");
    expect(await all(db.list())).toEqual(["a", "b"]);
    expect([service.calls, service.closed]).toEqual([["list one", "list two", "next two"], ["one"]]);
  });

  test("ends with the error once it has, and gives nothing twice", async () => {
    const { service, vault, open, rotate } = setup();
    const db = await open();
    rotate("changes");
    const got: string[] = [];
    await expect(all(db.list(), got)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect([got, vault.asked]).toEqual([["a"], 2]);
    vault.password = service.password;
    expect(await all(db.list())).toEqual(["a", "b"]);
  });

  test("is repeated once alone", async () => {
    const { service, vault, open } = setup();
    const db = await open();
    vault.password = "two";
    service.password = "three";
    await expect(all(db.list())).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(service.calls).toEqual(["list one", "list two"]);
  });

  test("that is left early lets go of its component", async () => {
    const { service, open, rotate } = setup();
    const db = await open();
    for await (const item of db.list()) {
      expect(item).toBe("a");
      rotate("two");
      await db.get("x");
      expect(service.closed).toEqual([]);
      break;
    }
    expect(service.closed).toEqual(["one"]);
  });
});

describe("the old component", () => {
  test("is closed once its calls have ended, and not before", async () => {
    const hold = gate();
    const { service, open, rotate } = setup({ shut: hold.passed });
    const db = await open();
    const slow = db.get("slow");
    rotate("two");
    expect(await db.get("a")).toBe("a by two");
    expect(service.closed).toEqual([]);
    hold.open();
    expect(await slow).toBe("slow by one");
    await turn();
    expect(service.closed).toEqual(["one"]);
  });

  test("hands on who listens", async () => {
    const { service, open, rotate } = setup();
    const db = await open();
    const heard: string[] = [];
    db.listen((password) => heard.push(password));
    rotate("two");
    await db.get("a");
    expect([heard, service.heard]).toEqual([
      ["one", "two"],
      ["one", "two"],
    ]);
  });

  test("and the new one are both closed when the app ends, and what is still being made", async () => {
    const hold = gate();
    const { service, open, rotate, components } = setup({ shut: hold.passed });
    const db = await open();
    const slow = db.get("slow");
    rotate("two");
    await db.get("a");
    rotate("three");
    const last = db.get("b").catch((error: unknown) => error);
    await Promise.resolve();
    await components.close();
    expect(await last).toMatchObject({ code: "UNAUTHENTICATED" });
    expect(service.closed.sort()).toEqual(["one", "three", "two"]);
    hold.open();
    await slow;
    await turn();
    expect(service.closed).toHaveLength(3);
  });
});
