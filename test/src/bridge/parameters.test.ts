// What a handler's text shows of what it takes.
import { expect, test } from "vitest";
import { parametersOf } from "../../../src/bridge/parameters.ts";

const endless = Number.POSITIVE_INFINITY;
const cases: readonly (readonly [text: string, count: number, answersNever: boolean])[] = [
  ["() => 1", 0, true],
  ["event => 1", 1, true],
  ["(event) => { setTimeout(() => 1) }", 1, true],
  ["({ a, b }, context) => a", 2, true],
  ["(event = { a: [1, ','] }, context) => context.awsRequestId", 2, true],
  ["(event, context) => context.functionName + context.getRemainingTimeInMillis()", 2, true],
  ["(event, context) => { setTimeout(() => context.done()) }", 2, false],
  ["(event, context) => { context['succeed']() }", 2, false],
  ["(event, context) => helper(event, context)", 2, false],
  ["(event, context) => helper({ context })", 2, false],
  ["(event, { succeed }) => succeed()", 2, false],
  ["(event, context) => eval('context')", 2, false],
  ["(event, context, callback) => console.log('done')", 3, true],
  ["(event, context, /* a, b */ callback,) => callback(null, 1)", 3, false],
  ["(event, context, callback = () => {}) => console.log(event)", 3, false],
  ["function (event, $, done) { console.log($) }", 3, false],
  ["function named(event, context) { return 1 }", 2, true],
  ["function () { return arguments[2] }", endless, false],
  ["(...all) => all[2]()", endless, false],
  ["((event) => 1).bind(null)", endless, false],
];
test.each(cases)("%s", (text, count, answersNever) => {
  const taker: unknown = new Function(`return (${text})`)();
  if (typeof taker !== "function") throw new Error("no function");
  expect(parametersOf(taker)).toEqual({ count, answersNever });
});
