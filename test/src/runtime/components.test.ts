// The components of an app, and the secrets that they are made of.
import { afterEach, describe, expect, test } from "vitest";
import type { Component, ComponentOptions } from "../../../src/contracts/component.ts";
import type { App, Bound } from "../../../src/contracts/provider.ts";
import { createComponents } from "../../../src/runtime/components.ts";
import { createJournal } from "../../../src/runtime/log.ts";
import { gate, turn } from "./stand-ins.ts";

const variable = "FAASTEN_TEST_TABLE";
afterEach(() => {
  delete process.env[variable];
});

function of(components: App["components"]) {
  const lines: string[] = [];
  const journal = createJournal((line) => lines.push(line));
  return { ...createComponents({ service: "shop", functions: [], components }, journal), journal, lines };
}

function made(create: Bound["create"], metadata: Bound["metadata"] = {}): Bound {
  return { type: "state.test", create, metadata };
}

describe("a component", () => {
  test("is made once, on first use, with its name, its service and its metadata", async () => {
    process.env[variable] = "orders-prod";
    const given: ComponentOptions[] = [];
    const create = async (options: ComponentOptions): Promise<Component> => {
      given.push(options);
      await turn();
      return {};
    };
    const { get } = of({ orders: made(create, { table: { env: variable }, region: "eu" }) });
    expect(given).toEqual([]);
    const [first, second] = await Promise.all([get("orders")(), get("orders")()]);
    expect(first).toBe(second);
    expect(get("orders")()).toBe(first);
    expect(given).toMatchObject([
      { name: "orders", service: "shop", metadata: { table: "orders-prod", region: "eu" } },
    ]);
  });

  test("that could not be made is made again at its next use; the error names it and no secret", async () => {
    let tries = 0;
    const { get, journal } = of({
      orders: made(() => {
        if (++tries === 1) throw new TypeError("no route to hunter22");
        return {};
      }),
    });
    journal.conceal("hunter22");
    await expect(get("orders")()).rejects.toMatchObject({
      code: "MISCONFIGURED",
      message: "component orders (state.test): no route to [secret]",
    });
    expect(await get("orders")()).toEqual({});
  });

  test("that is not in the deployable is refused, naming those that are", () => {
    const { get } = of({ orders: made(() => ({})) });
    expect(() => get("constructor")()).toThrow("component constructor is not in this deployable; it holds orders");
  });

  test("without its variables keeps the whole deployable from starting, each named once", () => {
    const bound = made(() => ({}), { table: { env: variable }, other: { env: `${variable}_2` } });
    expect(() => of({ a: bound, b: bound })).toThrow(
      `shop: the environment has no ${variable}, ${variable}_2; its stack sets them`,
    );
  });

  test("is closed once, also if it is still being made, and although another fails to", async () => {
    const end = gate();
    const closed: string[] = [];
    const closing = (name: string): Component => ({
      close: async () => {
        closed.push(name);
        if (name === "failing") throw new Error("cannot close");
      },
    });
    const { get, close } = of({
      slow: made(async () => {
        await end.passed;
        return closing("slow");
      }),
      failing: made(() => closing("failing")),
      plain: made(() => ({})),
      unused: made(() => closing("unused")),
    });
    const slow = get("slow")();
    await get("failing")();
    await get("plain")();
    const ended = close();
    end.open();
    await ended;
    expect(closed.sort()).toEqual(["failing", "slow"]);
    await slow;
    await close();
    expect(closed).toHaveLength(2);
  });
});

describe("a secret of a component", () => {
  const vault = (values: Readonly<Record<string, string>> | undefined) =>
    made(() => ({ get: async () => values }) as Component);
  const metadata = { password: { store: "vault", secret: "db", key: "password" } };

  test("is read when it is made, and found in no line from then on", async () => {
    let given = "";
    const { get, journal, lines } = of({
      vault: vault({ password: "hunter22" }),
      orders: made((options) => {
        given = options.metadata["password"] ?? "";
        return {};
      }, metadata),
    });
    await get("orders")();
    expect(given).toBe("hunter22");
    journal.write("info", "connecting with hunter22", {});
    expect(lines[0]).not.toContain("hunter22");
  });

  test("that there is not is named by component, store and key", async () => {
    for (const values of [undefined, { other: "x" }]) {
      const { get } = of({ vault: vault(values), orders: made(() => ({}), metadata) });
      await expect(get("orders")()).rejects.toMatchObject({
        code: "MISCONFIGURED",
        message: "orders.password: secret store vault has no key password of db",
      });
    }
  });
});
