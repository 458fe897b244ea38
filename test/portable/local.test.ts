// The scenario on `faasten dev`.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copyOrders, type Running, remove, startDev } from "../dev/running.ts";
import { whatRan } from "./ran.ts";
import { scenario } from "./scenario.ts";
import { type Steering, steering } from "./steering.ts";

let folder: string;
let running: Running;
let control: Steering;
const addresses = { app: "", control: "" };

beforeAll(async () => {
  folder = copyOrders();
  running = await startDev(folder);
  control = await steering(running.control);
  addresses.app = running.url;
  addresses.control = control.url;
});

afterAll(async () => {
  control.close();
  expect(await running.stop()).toBe(0);
  remove(folder);
});

test("what runs here is what runs elsewhere", async () => {
  await expect(whatRan()).toMatchFileSnapshot("ran.txt");
});

describe("the orders app on faasten dev", () => {
  const { http, events } = scenario(addresses);
  for (const { name, run } of [...http, ...events]) test(name, run);
});
