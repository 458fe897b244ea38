// Where the log goes: Application Insights, whose data lies in a workspace of its own.
// https://learn.microsoft.com/azure/azure-monitor/app/create-workspace-resource
import type { StackInput } from "../../../src/provider.ts";
import { physical } from "./names.ts";
import { idOf, location, type Place, type Resource } from "./template.ts";

export function insightsAt(input: StackInput): Place {
  return { type: "Microsoft.Insights/components", names: [physical(input, undefined, 255)] };
}

export function monitoringResources(input: StackInput): readonly Resource[] {
  const workspace: Place = {
    type: "Microsoft.OperationalInsights/workspaces",
    names: [physical(input, undefined, 63)],
  };
  return [
    {
      place: workspace,
      in: location,
      body: { properties: { sku: { name: "PerGB2018" }, retentionInDays: input.logRetentionDays } },
    },
    {
      place: insightsAt(input),
      after: [workspace],
      in: location,
      body: {
        kind: "web",
        properties: {
          Application_Type: "web",
          WorkspaceResourceId: idOf(workspace),
          IngestionMode: "LogAnalytics",
          // Only who has the role for it may write there.
          DisableLocalAuth: true,
        },
      },
    },
  ];
}
