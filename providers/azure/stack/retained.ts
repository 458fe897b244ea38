// What holds data outlives its stack: nobody deletes it before its lock is taken away.
// https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources
import type { Resource } from "./template.ts";

/** The resource, and a lock on it and on all that is in it. */
export function retained(resource: Resource): readonly Resource[] {
  return [
    resource,
    {
      place: { type: "Microsoft.Authorization/locks", names: ["holds-data"], on: resource.place },
      body: { properties: { level: "CanNotDelete", notes: "Holds data: take this lock away to delete it." } },
    },
  ];
}
