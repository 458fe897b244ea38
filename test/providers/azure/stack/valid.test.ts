// Emitted templates against what Microsoft says of them: its schemas, closed, where they lie beside the repository, and rules of ours for
// what no schema says. Nothing is wrong in ours, and every planted fault is found.
import { afterAll, describe, expect, test } from "vitest";
import { type BuiltApp, buildApp } from "../../../build/built.ts";
import { remove } from "../../../dev/running.ts";
import { findings } from "./findings.ts";
import { schemas, vendor } from "./schemas.ts";
import { buildFixture, deploy, read, type Template } from "./template.ts";

const built: BuiltApp[] = [];
afterAll(() => {
  for (const { folder } of built) remove(folder);
});
const check = schemas();

function all(template: Template): readonly string[] {
  const found = findings(template);
  return found.length > 0 ? found : check(deploy(template));
}

test.each([
  ["the orders app", () => buildApp("orders", "azure")],
  ["an app that needs all that a stack makes", () => buildFixture("azure-stack")],
])(
  "nothing is wrong with the template of %s",
  (_, make) => {
    const one = make();
    built.push(one);
    const template = read(one.output);
    expect(template.resources.length).toBeGreaterThan(50);
    expect(all(template)).toEqual([]);
  },
  120_000,
);

describe("a planted fault is found", () => {
  interface Draft {
    type: string;
    name: string;
    apiVersion?: string;
    scope?: string;
    dependsOn?: string[];
    sku?: unknown;
    properties: object;
  }
  /** By the last part of a type, and what the name ends with. */
  type Choose = (kind: string, end?: string) => Draft;
  const set = (path: string, value: unknown, from: object): void => {
    const keys = path.split(".");
    const last = keys.pop() ?? "";
    const inner = keys.reduce((one, key) => Object(one)[key] as object, from);
    if (value === undefined) Reflect.deleteProperty(inner, last);
    else Reflect.set(inner, last, value);
  };
  const faults: readonly (readonly [string, string, boolean, (choose: Choose, resources: Draft[]) => void])[] = [
    [
      "a property that there is not",
      "properties must NOT have additional properties",
      true,
      (choose) => set("properties.functionAppConfg", {}, choose("sites")),
    ],
    [
      "one deep inside",
      "runtime must NOT have additional properties",
      true,
      (choose) => set("properties.functionAppConfig.runtime.versoin", "22", choose("sites")),
    ],
    [
      "another one",
      "properties must NOT have additional properties",
      true,
      (choose) => set("properties.maxDeliveries", 3, choose("queues", "ship.inbox')]")),
    ],
    [
      "one of a service without a schema",
      "properties must NOT have additional properties",
      false,
      (choose) => set("properties.dissableLocalAuth", true, choose("configurationStores")),
    ],
    [
      "a property of another type",
      "requiresSession must be boolean",
      true,
      (choose) => set("properties.requiresSession", "yes", choose("queues", "ship.inbox')]")),
    ],
    [
      "a runtime that there is not",
      "runtime/name must be equal to one of",
      true,
      (choose) => set("properties.functionAppConfig.runtime.name", "nodejs", choose("sites")),
    ],
    [
      "a level that there is not",
      "defaultConsistencyLevel must be equal to one of",
      true,
      (choose) => set("properties.consistencyPolicy.defaultConsistencyLevel", "Strict", choose("databaseAccounts")),
    ],
    [
      "a number out of range",
      "retentionInDays must be >= 30",
      false,
      (choose) => set("properties.retentionInDays", 7, choose("workspaces")),
    ],
    [
      "a property that is missing",
      "must have required property 'principalId'",
      true,
      (choose) => set("properties.principalId", undefined, choose("roleAssignments")),
    ],
    [
      "a version that there is not",
      "namespaces@2025-04-16 is unknown",
      true,
      (choose) => set("apiVersion", "2025-04-16", choose("namespaces")),
    ],
    [
      "an expression that cannot be read",
      "no end",
      false,
      (choose) => set("properties.notes", "[concat('a']", choose("locks")),
    ],
    [
      "a function that there is not",
      "joyn is no function",
      false,
      (choose) => set("properties.notes", "[joyn('a')]", choose("locks")),
    ],
    [
      "a variable that there is not",
      "there is no nobody",
      false,
      (choose) => set("name", "[variables('nobody')]", choose("namespaces")),
    ],
    [
      "a name for each part of a type but one",
      "has 2 names",
      false,
      (choose) => set("name", "[variables('serviceBus')]", choose("topics")),
    ],
    [
      "a reference where none may be",
      "only for properties and outputs",
      false,
      (choose) =>
        set(
          "name",
          "[reference(resourceId('Microsoft.Insights/components', 'x'), '2020-02-02').ConnectionString]",
          choose("serverfarms"),
        ),
    ],
    [
      "an attribute that there is not",
      "nothing is called princpalId",
      false,
      (choose) =>
        set(
          "properties.principalId",
          "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'x'), '2024-11-30').princpalId]",
          choose("roleAssignments"),
        ),
    ],
    [
      "what waits for nobody",
      "serverfarms/nobody, which is not there",
      false,
      (choose) => choose("sites").dependsOn?.push("[resourceId('Microsoft.Web/serverfarms', 'nobody')]"),
    ],
    ["what does not wait for its plan", "does not wait for", false, (choose) => set("dependsOn", [], choose("sites"))],
    [
      "a role that does not wait for its resource",
      "does not wait for",
      false,
      (choose) => set("dependsOn", [], choose("roleAssignments")),
    ],
    [
      "an item's role that does not wait for its definition",
      "does not wait for",
      false,
      (choose) => set("dependsOn", [], choose("sqlRoleAssignments")),
    ],
    [
      "a queue that does not wait for its dead letters",
      "does not wait for",
      false,
      (choose) =>
        set("dependsOn", choose("queues", "ship.inbox')]").dependsOn?.slice(0, 1), choose("queues", "ship.inbox')]")),
    ],
    [
      "what forwards to nobody",
      "forwards to gone",
      false,
      (choose) => set("properties.forwardTo", "gone", choose("subscriptions")),
    ],
    [
      "a circle",
      "a circle",
      false,
      (choose) => set("dependsOn", ["[resourceId('Microsoft.Insights/components', 'SERVICE')]"], choose("workspaces")),
    ],
    [
      "a child without its parent's turn",
      "does not wait for",
      false,
      (choose) => set("dependsOn", [], choose("containers")),
    ],
    [
      "two that are one",
      "two resources are one",
      false,
      (choose, resources) => resources.push(structuredClone(choose("namespaces"))),
    ],
    [
      "a role that there is not",
      "there is no role 69a216fc",
      false,
      (choose) =>
        set(
          "properties.roleDefinitionId",
          "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '69a216fc-b8fb-44d8-bc22-1f3c2cd27a38')]",
          choose("roleAssignments"),
        ),
    ],
    [
      "a role on more than it is for",
      "allows too much",
      false,
      (choose) =>
        set(
          "scope",
          "[resourceId('Microsoft.ServiceBus/namespaces', variables('serviceBus'))]",
          choose("roleAssignments", "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39')]"),
        ),
    ],
    [
      "a role for a person",
      "given to no service",
      false,
      (choose) => set("properties.principalType", "User", choose("roleAssignments")),
    ],
    [
      "a name that is too long",
      "cannot be called",
      false,
      (choose) => set("name", "a-plan-whose-name-is-longer-than-any-plan-s-may-be", choose("serverfarms")),
    ],
    [
      "an account with a dash",
      "cannot be called orders-data",
      false,
      (choose) => set("name", "orders-data", choose("storageAccounts")),
    ],
  ];

  // Without Microsoft's schemas, which are printed as lacking, those that they alone would find are left out.
  test.each(faults.filter(([, , needsSchema]) => vendor || !needsSchema))("%s", (_, said, _needsSchema, plant) => {
    const { output } = built.at(-1) ?? {};
    if (output === undefined) throw new Error("nothing was built");
    const template = read(output);
    const text = JSON.stringify(template.resources).replaceAll("SERVICE", "everything-test");
    const resources = JSON.parse(text) as Draft[];
    plant((kind, end = "") => {
      const found = resources.find(({ type, name }) => type.endsWith(`/${kind}`) && name.endsWith(end));
      if (!found) throw new Error(`there is no ${kind} ${end}`);
      return found;
    }, resources);
    const planted = JSON.parse(JSON.stringify(resources).replaceAll("SERVICE", "everything-test"));
    expect(all({ ...template, resources: planted }).join("\n")).toContain(said);
  });
});
