// One thing that every implementation of a contract must do, as data for any runner.
import type { Component } from "../contracts/component.ts";

/** What a case is run on: the component, and the means to do to it what only its own tests can. */
export interface Harness {
  readonly component: Component;
}

export interface Case<H extends Harness = Harness> {
  readonly name: string;
  /** An optional method of the component or an optional means of the harness, without which the case cannot run. */
  readonly needs?: string;
  /** Rejects if the component does not do it. */
  run(harness: H): Promise<void>;
}

/** What the case needs and this component or harness has not. A runner reports it as lacking, and never as passed. */
export function lacks<H extends Harness>({ needs }: Case<H>, harness: H): string | undefined {
  return needs === undefined || has(harness.component, needs) || has(harness, needs) ? undefined : needs;
}

function has(thing: object, name: string): boolean {
  return name in thing && Reflect.get(thing, name) !== undefined;
}
