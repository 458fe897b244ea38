// How a stack gets to Azure, by the user's own `az`: a resource group, an incremental deployment into it, and each app's package.
// https://learn.microsoft.com/cli/azure/deployment/group
// https://learn.microsoft.com/azure/azure-functions/flex-consumption-how-to#deploy-your-code-project
import {
  type Argument,
  type Change,
  FaastenError,
  type MakePlan,
  type Plan,
  type ReadChanges,
  type StackInput,
  type Step,
  type Want,
} from "../../src/provider.ts";

export const plan: MakePlan = (input, { files }) => {
  const { graph, stage, region, archives } = input;
  const template = JSON.parse(files["azuredeploy.json"] ?? "{}") as Template;
  const asked = Object.entries(template.parameters ?? {})
    .filter(([, { defaultValue }]) => defaultValue === undefined)
    .map(([name, { metadata }]): Want => {
      const example = `${name}=<${metadata?.description ?? "value"}>`;
      return { value: name, flag: "--param", variables: [], example };
    });
  const made: Plan = {
    target: "azure",
    service: graph.service,
    stage,
    values: { ...(region !== undefined && { region }) },
    wants: [{ value: "region", flag: "--region", variables: ["AZURE_LOCATION"], example: "westeurope" }, ...asked],
    programs: [
      {
        value: "az",
        names: ["az"],
        mend: "install the Azure CLI (https://learn.microsoft.com/cli/azure/install-azure-cli), and sign in with `az login`",
      },
    ],
    environment: { AZURE_CORE_ONLY_SHOW_ERRORS: "1", AZURE_CORE_NO_COLOR: "1", AZURE_CORE_COLLECT_TELEMETRY: "0" },
    archives,
    resources: (template.resources ?? []).map((one): Change => {
      const { type, name, scope } = one;
      // What is laid on another resource has a name within that alone.
      const physical = scope === undefined && !isExpression(name) ? { physical: name } : {};
      return { action: "add", name: nameOf(name), type, data: isLocked(one, template), ...physical };
    }),
    compare: compareSteps(input, asked),
    deploy: deploySteps(input, asked, template),
    remove: removeSteps(input, template),
    unchecked: [
      "whether the subscription may do all of this, and has quota for it in that region",
      "whether a name is taken by something that is not of this stack: those of accounts and apps are shared by all of Azure",
      "whether the region has Flex Consumption, and this version of Node.js in it",
      ...(input.architecture === "arm64" ? ["functions run on x86_64 there, whatever `architecture` says"] : []),
      "whether the vaults and other services that the app only names are there",
    ],
  };
  return { plan: made, files: {} };
};

/** Nothing is ever replaced: what cannot be changed as it stands, Azure refuses. https://learn.microsoft.com/rest/api/resources/deployments/what-if */
export const changes: ReadChanges = (printed) => {
  const { status, error, changes: found = [], properties } = JSON.parse(printed) as WhatIf;
  if (status === "Failed" || error) {
    throw new FaastenError("MISCONFIGURED", `Azure refuses the template: ${error?.message ?? "it does not say why"}`);
  }
  return (properties?.changes ?? found).flatMap(({ resourceId, changeType }): Change[] => {
    const action = actions[changeType];
    if (action === undefined) return [];
    const { type, name } = partsOf(resourceId);
    return [{ action, name, physical: resourceId, type, data: holdsData(type) }];
  });
};

/** `Ignore`: it is in the group, and not in the template. */
const actions: Readonly<Record<string, Change["action"] | undefined>> = {
  Create: "add",
  Deploy: "change",
  Modify: "change",
  Unsupported: "change",
  Delete: "remove",
};

interface Template {
  readonly parameters?: Readonly<
    Record<string, { readonly defaultValue?: unknown; readonly metadata?: { readonly description?: string } }>
  >;
  readonly resources?: readonly TemplateResource[];
  readonly outputs?: Readonly<Record<string, unknown>>;
}

interface TemplateResource {
  readonly type: string;
  readonly name: string;
  readonly scope?: string;
}

interface WhatIf {
  readonly status?: string;
  readonly error?: { readonly message?: string } | null;
  readonly changes?: readonly WhatIfChange[];
  readonly properties?: { readonly changes?: readonly WhatIfChange[] };
}

interface WhatIfChange {
  readonly resourceId: string;
  readonly changeType: string;
}

/** `…/providers/Microsoft.ServiceBus/namespaces/orders/queues/ship`: its type, and the name of its last part. */
function partsOf(id: string): { readonly type: string; readonly name: string } {
  const [provider = "", ...rest] = id.slice(id.lastIndexOf("/providers/") + "/providers/".length).split("/");
  const types = rest.filter((_, index) => index % 2 === 0);
  return { type: [provider, ...types].join("/"), name: rest.at(-1) ?? id };
}

function isExpression(written: string): boolean {
  return written.startsWith("[") && !written.startsWith("[[");
}

/** Without the brackets of an expression. */
function nameOf(written: string): string {
  return isExpression(written) ? written.slice(1, -1) : written.replace(/^\[\[/, "[");
}

/** What holds data has a lock on it, or on what it is in. */
function isLocked({ type, name, scope }: TemplateResource, { resources = [] }: Template): boolean {
  if (scope !== undefined || !holdsData(type)) return false;
  const [outermost = name] = /variables\('[^']*'\)/.exec(name) ?? [];
  return resources.some((one) => one.type === "Microsoft.Authorization/locks" && one.scope?.includes(outermost));
}

const holding = [
  ...["Microsoft.DocumentDB/databaseAccounts", "Microsoft.DocumentDB/databaseAccounts/sqlDatabases"],
  ...[
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers",
    "Microsoft.AppConfiguration/configurationStores",
  ],
  ...["Microsoft.ServiceBus/namespaces", "Microsoft.ServiceBus/namespaces/queues"],
  ...["Microsoft.ServiceBus/namespaces/topics", "Microsoft.ServiceBus/namespaces/topics/subscriptions"],
  ...["Microsoft.Storage/storageAccounts", "Microsoft.Storage/storageAccounts/blobServices/containers"],
  ...["Microsoft.KeyVault/vaults", "Microsoft.KeyVault/vaults/secrets"],
];

function holdsData(type: string): boolean {
  return holding.includes(type);
}

const region = { value: "region" };
const deployment = "faasten";

function groupOf({ graph, stage }: StackInput): string {
  return `${graph.service}-${stage}`;
}

const findAccount: Step = {
  id: "account",
  title: "Look which subscription it is",
  command: az(["account", "show", "--query", "id", "--output", "json"]),
  asks: true,
  reads: { subscription: { path: [] } },
  mend: "sign in with `az login`, and choose a subscription with `az account set --subscription <id>`",
};

function findGroup(input: StackInput): Step {
  return {
    id: "group",
    title: "Look whether there is a resource group",
    command: az(["group", "exists", "--name", groupOf(input), "--output", "json"]),
    asks: true,
    reads: { group: { path: [], as: { true: "there" }, otherwise: "gone" } },
    mend: "see that you may read resource groups of the subscription",
  };
}

function whatIf(input: StackInput, asked: readonly Want[]): Step {
  return {
    id: "changes",
    title: "See what comes and changes",
    command: az([
      ...["deployment", "group", "what-if", "--resource-group", groupOf(input), "--name", deployment],
      ...["--mode", "Incremental", "--template-file", "azuredeploy.json", ...parametersOf(asked)],
      ...["--no-pretty-print", "--output", "json"],
    ]),
    compares: true,
    mend: "mend what Azure says of the template",
  };
}

function compareSteps(input: StackInput, asked: readonly Want[]): readonly Step[] {
  return [findAccount, findGroup(input), { ...whatIf(input, asked), when: { value: "group", is: ["there"] } }];
}

function deploySteps(input: StackInput, asked: readonly Want[], template: Template): readonly Step[] {
  const { graph, stage } = input;
  const group = groupOf(input);
  const namespaces = [...new Set((template.resources ?? []).map(({ type }) => type.split("/")[0] ?? ""))].sort();
  return [
    findAccount,
    findGroup(input),
    {
      id: "make-group",
      title: "Make the resource group",
      command: az([
        ...["group", "create", "--name", group, "--location", region],
        ...["--tags", `faasten-service=${graph.service}`, `faasten-stage=${stage}`, "--output", "none"],
      ]),
      when: { value: "group", is: ["gone"] },
      mend: "see that you may make resource groups in the subscription, and that the region is one of Azure's",
    },
    ...namespaces.map(
      (name): Step => ({
        id: `register-${name}`,
        title: `Turn on ${name}`,
        command: az(["provider", "register", "--namespace", name, "--wait", "--output", "none"]),
        mend: "see that you may register resource providers in the subscription",
      }),
    ),
    whatIf(input, asked),
    {
      id: "deploy",
      title: "Deploy the template",
      command: az([
        ...["deployment", "group", "create", "--resource-group", group, "--name", deployment],
        ...["--mode", "Incremental", "--template-file", "azuredeploy.json", ...parametersOf(asked), "--output", "json"],
      ]),
      reads: namesOf(input),
      settles: { what: "an identity that was just made", says: notYetKnown, seconds: 300 },
      resume: "changes",
      explains: az([
        ...["deployment", "operation", "group", "list", "--resource-group", group, "--name", deployment],
        ...["--query", "[?properties.provisioningState=='Failed'].properties.statusMessage", "--output", "json"],
      ]),
      mend: "mend what it names; what was made stays, and the next attempt goes on with it",
      undo: "remove-app",
    },
    ...graph.deployables.map(
      ({ name }): Step => ({
        id: `package-${name}`,
        title: `Bring the package of ${name}`,
        command: az([
          ...["functionapp", "deployment", "source", "config-zip", "--resource-group", group],
          ...["--name", { value: `${name}Name` }, "--src", name === "app" ? "app.zip" : `functions/${name}.zip`],
          ...["--output", "none"],
        ]),
        settles: {
          what: "a role that was just given, or an app that was just made,",
          says: notYetAllowed,
          seconds: 300,
        },
        mend: "see that you may publish to the app (role Website Contributor)",
        undo: `remove-${name}`,
      }),
    ),
    {
      id: "outputs",
      title: "Where it answers",
      command: az([
        ...["deployment", "group", "show", "--resource-group", group, "--name", deployment],
        ...["--query", "properties.outputs", "--output", "json"],
      ]),
      asks: true,
      mend: "the stack is deployed; only its outputs could not be read",
    },
  ];
}

/** https://learn.microsoft.com/azure/role-based-access-control/troubleshooting#symptom---assigning-a-role-to-a-new-principal-sometimes-fails */
const notYetKnown = ["PrincipalNotFound", "does not exist in the directory"];
const notYetAllowed = [
  ...["AuthorizationPermissionMismatch", "AuthorizationFailure", "InaccessibleStorageException", "403"],
  ...["ServiceUnavailable", "503", "502"],
];

/**
 * What runs goes: the apps, their plans, and the accounts of their hosts. What holds data is locked and stays, and so do the identities and their
 * roles: nothing runs as them, and Azure gives a role that an identity of the same name once had to no other.
 */
function removeSteps(input: StackInput, template: Template): readonly Step[] {
  const group = groupOf(input);
  const plans = (template.resources ?? []).filter(({ type }) => type === "Microsoft.Web/serverfarms");
  const there = { when: { value: "group", is: ["there"] } } as const;
  const known = { when: { value: "deployed", is: ["there"] } } as const;
  const mend = "see that you may delete it in the portal";
  const absent = ["ResourceNotFound", "was not found", "could not be found", "NotFound"];
  return [
    findAccount,
    findGroup(input),
    {
      id: "deployed",
      title: "Look what is deployed",
      command: az([
        ...["deployment", "group", "show", "--resource-group", group, "--name", deployment, "--output", "json"],
      ]),
      asks: true,
      absent: ["DeploymentNotFound"],
      reads: {
        deployed: { path: ["id"], otherwise: "there", absent: "gone" },
        ...Object.fromEntries(
          Object.entries(namesOf(input)).map(([name, reading]) => [name, { ...reading, absent: "" }]),
        ),
      },
      ...there,
      mend,
    },
    ...input.graph.deployables.flatMap(({ name }): readonly Step[] => [
      {
        id: `remove-${name}`,
        title: `Remove the function app ${name}`,
        command: az(["functionapp", "delete", "--resource-group", group, "--name", { value: `${name}Name` }]),
        absent,
        ...known,
        mend,
      },
      {
        id: `remove-storage-${name}`,
        title: `Remove the account of its host`,
        command: az([
          ...[
            "storage",
            "account",
            "delete",
            "--resource-group",
            group,
            "--name",
            { value: `${name}Storage` },
            "--yes",
          ],
        ]),
        absent,
        ...known,
        mend,
      },
    ]),
    ...plans.map(
      ({ name }): Step => ({
        id: `remove-plan-${name}`,
        title: `Remove the plan ${name}`,
        command: az(["functionapp", "plan", "delete", "--resource-group", group, "--name", nameOf(name), "--yes"]),
        absent,
        ...known,
        mend,
      }),
    ),
  ];
}

/** The template's outputs of each app: what it is called, and what its host's account is called. */
function namesOf({ graph }: StackInput): NonNullable<Step["reads"]> {
  return Object.fromEntries(
    graph.deployables.flatMap(({ name }) =>
      [`${name}Name`, `${name}Storage`].map((output) => [output, { path: ["properties", "outputs", output, "value"] }]),
    ),
  );
}

function parametersOf(asked: readonly Want[]): readonly Argument[] {
  if (asked.length === 0) return [];
  return ["--parameters", ...asked.map(({ value }) => [`${value}=`, { value }])];
}

function az(rest: readonly Argument[]): readonly Argument[] {
  return [{ value: "az" }, ...rest];
}
