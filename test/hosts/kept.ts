// An app that keeps something in a file, by which can be told whether its component was closed: SQLite's log is then gone.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type BuiltApp, buildApp } from "../build/built.ts";

export interface Kept extends BuiltApp {
  /** The environment that it needs. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether the component has the file open. */
  readonly open: () => boolean;
}

export function buildKept(target: string): Kept {
  const files = { "serverless.yml": manifest, "keep.ts": source, "components/kept.yaml": component };
  const built = buildApp("none", target, { files });
  const file = join(built.folder, "kept.db");
  return { ...built, env: { WHERE: file }, open: () => existsSync(`${file}-wal`) };
}

const manifest = `service: kept
provider: { name: aws }
custom: { faasten: { entry: ["*.ts"] } }
`;

const source = `
import { http, state } from "faasten";
const kept = state("kept");
export const keep = http.put("/keep", { access: "public", uses: { kept: kept.readWrite } }, async (_request, { kept }) => {
  await kept.set("a", 1);
  return new Response("kept");
});
`;

const component = `apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: kept }
spec:
  type: state.sqlite
  version: v1
  metadata:
    - { name: connectionString, envRef: WHERE }
`;
