// What a project has to have before anything else: its APIs, and an account that builds.
// https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/google_project_service
// https://docs.cloud.google.com/functions/docs/securing/build-custom-sa
import type { StackInput } from "../../../src/provider.ts";
import { attribute, type Body, builder, join, madeBy, physical, project, type Resources, sources } from "./template.ts";

/** They stay as they are when the stack goes: others may need them. Only those that its resources wait for are turned on. */
export function apiResources(made: Resources): Resources {
  const waits = new Set(always);
  for (const bodies of Object.values(made))
    for (const body of Object.values(bodies))
      for (const one of Array.isArray(body["depends_on"]) ? body["depends_on"] : []) {
        const [, api] = /^google_project_service\.(\w+)$/.exec(String(one)) ?? [];
        if (api !== undefined) waits.add(api);
      }
  const of = (api: string): Body => ({ project, service: `${api}.googleapis.com`, disable_on_destroy: false });
  return { google_project_service: Object.fromEntries([...waits].sort().map((api) => [api, of(api)])) };
}

const always = ["cloudresourcemanager"];

/** The default account of builds may do anything, or, in projects that are new, nothing. */
export function buildResources(input: StackInput): Resources {
  const member = join("serviceAccount:", attribute("google_service_account", builder, "email"));
  const may = (role: string, more: Body = {}): Body => ({ project, role, member, ...more });
  return {
    google_service_account: {
      [builder]: {
        account_id: physical(input, "faasten-build", 30, 6),
        display_name: `${input.graph.service}-${input.stage}-faasten-build`,
        description: `Builds the functions of ${input.graph.service} (${input.stage})`,
        depends_on: madeBy("iam"),
      },
    },
    google_project_iam_member: {
      [`${builder}__log`]: may("roles/logging.logWriter"),
      [`${builder}__image`]: may("roles/artifactregistry.writer"),
      // Cloud Run functions copies an archive into a bucket of its own, and builds from there.
      [`${builder}__source`]: may("roles/storage.objectViewer", {
        condition: {
          title: "sources of functions alone",
          expression: join(
            'resource.name.startsWith("projects/_/buckets/gcf-v2-sources-") || resource.name.startsWith("projects/_/buckets/',
            attribute("google_storage_bucket", sources, "name"),
            '/")',
          ),
        },
      }),
    },
  };
}
