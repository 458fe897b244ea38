// The tests that `npm test` runs. Heavier proofs have configurations and scripts of their own.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^faasten$/, replacement: here("src/index.ts") },
      { find: /^faasten\/provider$/, replacement: here("src/provider.ts") },
      { find: /^faasten\/conformance$/, replacement: here("src/conformance/cases.ts") },
      { find: /^faasten\/globals$/, replacement: here("src/runtime/globals.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/bench/**", "test/hosts/**", "test/faults/**", "**/node_modules/**"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
