// Brings functions to run in this process, as `faasten dev` does, in memory.

import type { Local, LocalOptions } from "../../providers/local/host.ts";
import { bind } from "../build/bind.ts";
import { discover, type EntryModule } from "../build/discover.ts";
import { load } from "../build/load.ts";
import { moduleOf } from "../build/modules.ts";
import { providerOf } from "../build/providers.ts";
import type { Definition } from "../contracts/function.ts";
import { Problems } from "../manifest/problems.ts";
import type { Broadcasts } from "./broadcasts.ts";
import { inMemoryOf, type Supplies, supply } from "./components.ts";

type Module = Readonly<Record<string, unknown>>;
type Host = typeof import("../../providers/local/host.ts");

/** A module's exports, of which the functions are taken; or a list of functions and modules. */
export type Functions = Module | readonly (Definition | Module)[];

export interface StartOptions {
  readonly service: string;
  readonly supplies: Supplies;
  readonly broadcasts: Broadcasts;
  readonly host: LocalOptions;
}

/** Throws `MISCONFIGURED`, which lists all that is wrong with the functions. */
export async function start(functions: Functions, options: StartOptions): Promise<Local> {
  const { service, supplies, broadcasts, host } = options;
  const provider = inMemoryOf(await providerOf("local"));
  const problems = new Problems("");
  const found = discover(modulesOf(functions), (_, file) => ({ file, line: 1 }), problems, { cloud: false });
  const declared = { components: new Map(), scopedOut: new Map() };
  const bindings = bind(found, { provider, providers: [provider], declared }, problems);
  problems.throwIfAny();
  const loaded = await load(found, bindings);
  const components = supply({ service, ...loaded }, supplies, broadcasts);
  const { serve } = (await import(moduleOf(provider, provider.hosts.default).href)) as Host;
  const local = serve({ service, functions: loaded.functions, components }, host);
  await local.start();
  return local;
}

function modulesOf(given: Functions): readonly EntryModule[] {
  const file = "testApp";
  if (!isList(given)) return [{ file, exports: given }];
  const loose: Record<string, unknown> = {};
  const modules: EntryModule[] = [{ file, exports: loose }];
  given.forEach((each, index) => {
    if (isFunction(each)) loose[`function${index + 1}`] = each;
    else modules.push({ file, exports: each });
  });
  return modules;
}

function isList(given: Functions): given is readonly (Definition | Module)[] {
  return Array.isArray(given);
}

function isFunction(given: Definition | Module): given is Definition {
  return given["faasten"] === "function";
}
