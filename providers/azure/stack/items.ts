// Roles of Cosmos DB's own, each with no more than one right of `state` comes to, on one container.
// https://learn.microsoft.com/azure/cosmos-db/nosql/reference-data-plane-security
import type { Container } from "./locations.ts";
import { accountAt } from "./stores.ts";
import { call, idOf, join, type Place, type Resource, shown, type Text } from "./template.ts";

export interface ItemRight {
  readonly kind: ItemKind;
  readonly container: Container;
  readonly because: readonly string[];
}

type ItemKind = "list" | "read" | "readWrite";

/** What a client asks of the account before anything else: where it is, how consistent, how a container is divided. */
export const metadataAction: string = "Microsoft.DocumentDB/databaseAccounts/readMetadata";

const items = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items";
const readItems: readonly string[] = [`${items}/read`];
export const itemActions: Readonly<Record<ItemKind, readonly string[]>> = {
  read: readItems,
  // Batches are allowed by the actions that they are made of.
  readWrite: [...readItems, `${items}/create`, `${items}/delete`, `${items}/replace`, `${items}/upsert`],
  list: ["Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/executeQuery"],
};

/** `of`: deployable → its rights. The account changes its roles one after another: each waits for the one before. */
export function itemRoleResources(
  of: readonly (readonly [deployable: string, principal: Principal, rights: readonly ItemRight[]])[],
): readonly Resource[] {
  const made = new Map<string, { readonly account: Text; readonly resource: Resource }>();
  const add = (account: Text, resource: Resource): Place => {
    const key = shown(idOf(resource.place));
    if (!made.has(key)) made.set(key, { account, resource });
    return resource.place;
  };
  for (const [, principal, rights] of of)
    for (const { kind, container } of rights) {
      const { account, database, container: name } = container;
      const scope = join(idOf(accountAt(account)), `/dbs/${database}/colls/${name}`);
      const metadata = add(account, definition(account, "metadata", [metadataAction]));
      add(account, assignment(account, metadata, idOf(accountAt(account)), principal));
      const role = add(account, definition(account, kind, [metadataAction, ...itemActions[kind]]));
      const own = assignment(account, role, scope, principal);
      const containers = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers";
      add(account, { ...own, after: [...(own.after ?? []), { type: containers, names: [account, database, name] }] });
    }
  const last = new Map<string, Place>();
  return [...made.values()].map(({ account, resource }) => {
    const before = last.get(shown(account));
    last.set(shown(account), resource.place);
    return { ...resource, after: [...(resource.after ?? []), ...(before ? [before] : [])] };
  });
}

export interface Principal {
  readonly at: Place;
  readonly id: Text;
}

function definition(account: Text, kind: string, dataActions: readonly string[]): Resource {
  const id = call("guid", idOf(accountAt(account)), `faasten ${kind}`);
  return {
    place: { type: "Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions", names: [account, id] },
    body: {
      properties: {
        roleName: `faasten ${kind}`,
        type: "CustomRole",
        assignableScopes: [idOf(accountAt(account))],
        permissions: [{ dataActions }],
      },
    },
  };
}

function assignment(account: Text, role: Place, scope: Text, { at, id }: Principal): Resource {
  return {
    place: {
      type: "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments",
      names: [account, call("guid", scope, idOf(at), idOf(role))],
    },
    after: [role, at],
    body: { properties: { roleDefinitionId: idOf(role), principalId: id, scope } },
  };
}
