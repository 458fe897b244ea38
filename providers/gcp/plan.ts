// How a stack gets to Google Cloud, by the user's own `gcloud`, and OpenTofu or Terraform with its state in a bucket of the project.
// https://docs.cloud.google.com/docs/terraform/resource-management/store-state
// https://developer.hashicorp.com/terraform/internals/json-format
import { createHash } from "node:crypto";
import {
  type Argument,
  type Change,
  FaastenError,
  type MakePlan,
  type Piece,
  type Plan,
  type ReadChanges,
  type StackInput,
  type Step,
} from "../../src/provider.ts";
import { type Configuration, remainderOf } from "./stack/remainder.ts";

export const plan: MakePlan = (input, { files }) => {
  const { graph, stage, region, archives } = input;
  const configuration = JSON.parse(files["main.tf.json"] ?? "{}") as Configuration;
  const { retained = [] } = JSON.parse(files["retained.json"] ?? "{}") as Retained;
  const kept = new Set(retained.map(({ address }) => address));
  const remainder = remainderOf(configuration, kept);
  const made: Plan = {
    target: "gcp",
    service: graph.service,
    stage,
    values: { ...(region !== undefined && { region }) },
    wants: [
      {
        value: "region",
        flag: "--region",
        variables: ["GOOGLE_CLOUD_REGION", "CLOUDSDK_COMPUTE_REGION"],
        example: "europe-west1",
      },
    ],
    programs: [
      {
        value: "gcloud",
        names: ["gcloud"],
        mend: "install the Google Cloud CLI (https://docs.cloud.google.com/sdk/docs/install), and sign in with `gcloud auth login` and `gcloud auth application-default login`",
      },
      {
        value: "tofu",
        names: ["tofu", "terraform"],
        mend: "install OpenTofu (https://opentofu.org/docs/intro/install/) or Terraform, 1.5 or newer",
      },
    ],
    environment: { CLOUDSDK_CORE_DISABLE_PROMPTS: "1", TF_IN_AUTOMATION: "1", TF_INPUT: "0" },
    archives,
    resources: Object.entries(configuration.resource ?? {}).flatMap(([type, bodies]) =>
      Object.entries(bodies).map(([label, body]): Change => {
        const name = `${type}.${label}`;
        // An object's name is one within its bucket.
        const written = type === "google_storage_bucket_object" ? undefined : (body["name"] ?? body["account_id"]);
        const physical = typeof written === "string" && !written.includes("${") ? written : undefined;
        return { action: "add", name, type, data: kept.has(name), ...(physical !== undefined && { physical }) };
      }),
    ),
    compare: compareSteps(input),
    deploy: deploySteps(input),
    remove: removeSteps(input, remainder !== undefined),
    unchecked: [
      "whether the project may do all of this, has billing, and has quota for it",
      "whether a name is taken by something that is not of this stack: those of buckets are shared by all of Google Cloud",
      "whether the secrets, parameters and other services that the app only names are there",
      ...(input.logRetentionDays === 30
        ? []
        : [
            `logs are kept as the project's own log bucket says, 30 days unless that was changed, and not ${input.logRetentionDays}`,
          ]),
      ...(input.architecture === "arm64" ? ["functions run on x86_64 there, whatever `architecture` says"] : []),
      "what the provider of OpenTofu or Terraform finds wrong: it comes by `init`, from its registry",
    ],
  };
  const text = remainder && `${JSON.stringify(remainder, null, 2)}\n`;
  return { plan: made, files: text === undefined ? {} : { [`${remainderFolder}/main.tf.json`]: text } };
};

/** https://developer.hashicorp.com/terraform/internals/json-format#plan-representation */
export const changes: ReadChanges = (printed, resources) => {
  const { resource_changes = [], errored } = JSON.parse(printed) as TerraformPlan;
  if (errored === true)
    throw new FaastenError("MISCONFIGURED", "the plan of OpenTofu or Terraform has errors: see above");
  const known = new Map(resources.map((one) => [one.name, one]));
  return resource_changes.flatMap(({ address, mode, type, change }): Change[] => {
    const action = actionOf(change);
    if (action === undefined || mode === "data") return [];
    const own = known.get(address);
    const name = change.after?.["name"] ?? change.before?.["name"];
    return [
      {
        action,
        name: address,
        type,
        // What is no longer in the app is in no list of what is retained.
        data: own?.data ?? holding.includes(type),
        ...(typeof name === "string" && { physical: name }),
      },
    ];
  });
};

interface Retained {
  readonly retained?: readonly { readonly address: string; readonly id: string }[];
}

interface TerraformPlan {
  readonly errored?: boolean;
  readonly resource_changes?: readonly {
    readonly address: string;
    readonly mode?: string;
    readonly type: string;
    readonly change: TerraformChange;
  }[];
}

interface TerraformChange {
  readonly actions: readonly string[];
  readonly importing?: unknown;
  readonly before?: Readonly<Record<string, unknown>> | null;
  readonly after?: Readonly<Record<string, unknown>> | null;
}

const holding = [
  ...["google_firestore_database", "google_firestore_field", "google_pubsub_subscription", "google_pubsub_topic"],
  ...["google_storage_bucket", "google_secret_manager_secret", "google_parameter_manager_parameter"],
];

function actionOf({ actions, importing }: TerraformChange): Change["action"] | undefined {
  if (importing !== undefined && importing !== null) return "adopt";
  switch (actions.join(" ")) {
    case "create":
      return "add";
    case "update":
      return "change";
    case "delete":
      return "remove";
    case "forget":
      return "keep";
    case "delete create":
    case "create delete":
      return "replace";
    default:
      return undefined;
  }
}

const remainderFolder = "remainder";
const planFile = "changes.tfplan";
const project = { value: "project" };
const region = { value: "region" };
const there = { when: { value: "state", is: ["there"] } } as const;
const gone = { when: { value: "state", is: ["gone"] } } as const;

function compareSteps(input: StackInput): readonly Step[] {
  return [findProject, findState(input), ...planSteps(input).map((step) => ({ ...step, ...there }))];
}

function deploySteps(input: StackInput): readonly Step[] {
  return [
    findProject,
    {
      id: "enable",
      title: "Turn on the APIs that turn on the others",
      command: command("gcloud", ["services", "enable", ...firstApis, "--project", project]),
      settles: { what: "a project that is new", says: ["PERMISSION_DENIED", "SERVICE_DISABLED"], seconds: 60 },
      mend: "see that the project has billing, and that you may enable services (roles/serviceusage.serviceUsageAdmin)",
    },
    findState(input),
    {
      id: "state-bucket",
      title: "Make the bucket for the state of the stack",
      command: command("gcloud", [
        ...["storage", "buckets", "create", bucket(input), "--project", project, "--location", region],
        ...["--uniform-bucket-level-access", "--public-access-prevention"],
      ]),
      ...gone,
      mend: "the name of a bucket is shared by all of Google Cloud: if it is taken, take another stage",
    },
    {
      id: "state-versions",
      title: "Keep its earlier versions",
      command: command("gcloud", ["storage", "buckets", "update", bucket(input), "--versioning"]),
      ...gone,
      resume: "state-versions",
      mend: "see that you may change the bucket (roles/storage.admin)",
    },
    ...planSteps(input),
    {
      id: "apply",
      title: "Apply what was planned",
      command: command("tofu", ["apply", "-input=false", "-no-color", planFile]),
      when: { value: "changes", is: ["some"] },
      settles: {
        what: "an API that was just turned on, or a role that was just given,",
        says: late,
        seconds: 300,
        again: "plan",
      },
      resume: "plan",
      mend: "mend what it names",
      undo: "apply",
    },
    {
      id: "outputs",
      title: "Where it answers",
      command: command("tofu", ["output", "-no-color"]),
      asks: true,
      mend: "the stack is deployed; only its outputs could not be read",
    },
  ];
}

/** All but what holds data is taken out of the configuration, or, where nothing does, everything is destroyed. */
function removeSteps(input: StackInput, remains: boolean): readonly Step[] {
  const folder = remains ? [`-chdir=${remainderFolder}`] : [];
  return [
    findProject,
    findState(input),
    ...planSteps(input, folder, remains ? [] : ["-destroy"]).map((step) => ({ ...step, ...there })),
    {
      id: "apply",
      title: remains ? "Remove all of the stack but what holds data" : "Remove the stack, which holds no data",
      command: command("tofu", [...folder, "apply", "-input=false", "-no-color", planFile]),
      when: { value: "changes", is: ["some"] },
      resume: "plan",
      mend: "mend what it names",
    },
  ];
}

function planSteps(input: StackInput, folder: readonly string[] = [], more: readonly string[] = []): readonly Step[] {
  return [
    {
      id: "init",
      title: "Fetch the provider, and connect to the state",
      command: command("tofu", [
        ...[...folder, "init", "-input=false", "-no-color", "-reconfigure"],
        ["-backend-config=bucket=", ...bucketName(input)],
      ]),
      settles: { what: "a bucket that was just made", says: ["bucket doesn't exist", "notFound"], seconds: 60 },
      mend: "sign in with `gcloud auth application-default login`, and see that the registry can be reached",
    },
    {
      id: "plan",
      title: "Work out what changes",
      command: command("tofu", [
        ...[...folder, "plan", "-input=false", "-no-color", ...more, `-out=${planFile}`],
        ["-var=project=", project],
        ["-var=region=", region],
      ]),
      settles: { what: "an API that was just turned on", says: late, seconds: 300 },
      mend: "mend what it names; what it says cannot be destroyed holds data, and only `--replace <name>` lets it go",
    },
    {
      id: "changes",
      title: "See what comes, changes and goes",
      command: command("tofu", [...folder, "show", "-json", planFile]),
      compares: true,
      resume: "plan",
      mend: "see that OpenTofu or Terraform is 1.5 or newer",
    },
  ];
}

const firstApis = ["serviceusage.googleapis.com", "cloudresourcemanager.googleapis.com", "storage.googleapis.com"];

/** https://docs.cloud.google.com/service-usage/docs/troubleshooting */
const late = [
  "SERVICE_DISABLED",
  "accessNotConfigured",
  "has not been used in project",
  "does not exist. If you just created it",
  "iam.serviceaccounts.actAs",
];

const findProject: Step = {
  id: "project",
  title: "Look which project it is",
  command: command("gcloud", ["config", "get-value", "project", "--format=json"]),
  asks: true,
  reads: { project: { path: [] } },
  mend: "choose one with `gcloud config set project <id>`, or by CLOUDSDK_CORE_PROJECT",
};

function findState(input: StackInput): Step {
  return {
    id: "state",
    title: "Look whether there is a state",
    command: command("gcloud", ["storage", "buckets", "describe", bucket(input), "--format=json"]),
    asks: true,
    absent: ["not found", "404"],
    reads: { state: { path: [], otherwise: "there", absent: "gone" } },
    mend: "sign in with `gcloud auth login`, and see that you may look at buckets (storage.buckets.get)",
  };
}

function bucket(input: StackInput): Argument {
  return ["gs://", ...bucketName(input)];
}

/** Of at most 63 characters: a project's has 30. */
function bucketName({ graph, stage }: StackInput): readonly Piece[] {
  const name = `${graph.service}-${stage}`;
  const mark = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return [project, `-${name.length <= 25 ? name : `${name.slice(0, 16)}-${mark}`}-state`];
}

function command(program: string, rest: readonly Argument[]): readonly Argument[] {
  return [{ value: program }, ...rest];
}
