// What a change set says that comes, changes and goes.
import { type Change, FaastenError, type ReadChanges } from "../../src/provider.ts";
import { holdsData } from "./stack/retained.ts";

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html */
export const changes: ReadChanges = (printed, resources) => {
  const { Status, StatusReason = "", Changes = [] } = JSON.parse(printed) as ChangeSet;
  if (Status === "FAILED") {
    if (nothingNew.some((one) => StatusReason.includes(one))) return [];
    throw new FaastenError("MISCONFIGURED", `CloudFormation refuses the change set: ${StatusReason}`);
  }
  const known = new Map(resources.map((one) => [one.name, one]));
  return Changes.flatMap(({ ResourceChange: one }): Change[] => {
    if (!one) return [];
    const data = known.get(one.LogicalResourceId)?.data ?? holdsData({ Type: one.ResourceType });
    return [
      {
        action: actionOf(one),
        name: one.LogicalResourceId,
        type: one.ResourceType,
        data,
        ...(one.PhysicalResourceId !== undefined && { physical: one.PhysicalResourceId }),
      },
    ];
  });
};

interface ChangeSet {
  readonly Status: string;
  readonly StatusReason?: string;
  readonly Changes?: readonly { readonly ResourceChange?: ResourceChange }[];
}

interface ResourceChange {
  readonly Action: string;
  readonly PolicyAction?: string;
  readonly Replacement?: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceType: string;
}

/** What CloudFormation says of a change that is none. */
export const nothingNew: readonly string[] = ["didn't contain changes", "No updates are to be performed"];

/** "Conditional" is known only while it happens, and then it is too late to ask. */
function actionOf({ Action, Replacement, PolicyAction }: ResourceChange): Change["action"] {
  switch (Action) {
    case "Add":
      return "add";
    case "Import":
      return "adopt";
    case "Remove":
      return PolicyAction === "Retain" ? "keep" : "remove";
    default:
      return Replacement === "True" || Replacement === "Conditional" ? "replace" : "change";
  }
}
