// `npm run test:faults`: processes killed, saved and starved, more often than `npm test` has time for.
import { defineConfig } from "vitest/config";
import base from "./vitest.config.ts";

export default defineConfig({
  ...base,
  test: { ...base.test, include: ["test/faults/**/*.test.ts"], exclude: ["**/node_modules/**"] },
});
