// The tests that `npm run test:emulators` runs: components on emulators that others wrote, too heavy for every install.
import { defineConfig, mergeConfig } from "vitest/config";
import base from "./vitest.config.ts";

const { test: _, ...rest } = base;

export default defineConfig(
  mergeConfig(rest, {
    test: {
      include: ["test/emulators/*.test.ts"],
      exclude: ["**/node_modules/**"],
      testTimeout: 60_000,
      hookTimeout: 120_000,
    },
  }),
);
