// Stand-ins for `aws`, `az`, `gcloud` and `tofu`: each call is a process that writes down what it was given, and keeps a
// cloud's state in a file. They know only what the plans use, and fail at anything else.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const home = process.env.FAKE_CLOUD;
const file = (name) => join(home, name);
const load = (name) => (existsSync(file(name)) ? JSON.parse(readFileSync(file(name), "utf8")) : {});
const store = (name, value) => writeFileSync(file(name), JSON.stringify(value, null, 2));
const program = basename(process.argv[1]);
const args = process.argv.slice(2);
const line = [program, ...args].join(" ");
appendFileSync(file("calls.jsonl"), `${JSON.stringify({ program, args, cwd: process.cwd() })}\n`);

const fail = (text, code = 1) => {
  process.stderr.write(`${text}\n`);
  process.exit(code);
};
const failures = load("failures.json");
const number = readFileSync(file("calls.jsonl"), "utf8").split("\n").length - 1;
for (const [text, failure] of Object.entries(failures)) {
  if (failure.times === 0 || !(text === `#${number}` || line.includes(text))) continue;
  failure.times--;
  store("failures.json", failures);
  fail(failure.says ?? "it went wrong", failure.code ?? 1);
}

const print = (value) => process.stdout.write(typeof value === "string" ? `${value}\n` : `${JSON.stringify(value)}\n`);
const option = (name) => {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args[at + 1];
};
const required = (name) => option(name) ?? fail(`${line}: no ${name}`, 2);
const state = load(`${program === "terraform" ? "tofu" : program}.json`);
const save = () => store(`${program === "terraform" ? "tofu" : program}.json`, state);
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

const aws = {
  "cloudformation describe-stacks"() {
    const stack = stackOf(required("--stack-name"));
    if (option("--query")) print("HttpApiUrl\thttps://api.example.com");
    else print({ Stacks: [{ StackName: option("--stack-name"), StackStatus: stack.status }] });
  },
  "cloudformation deploy"() {
    const name = required("--stack-name");
    const { Resources } = JSON.parse(readFileSync(required("--template-file"), "utf8"));
    state.stacks ??= {};
    state.stacks[name] ??= { status: "CREATE_COMPLETE", resources: Resources };
  },
  "cloudformation describe-stack-resource"() {
    stackOf(required("--stack-name"));
    print({ StackResourceDetail: { PhysicalResourceId: `${option("--stack-name")}-bucket-1x2y` } });
  },
  "cloudformation delete-change-set"() {
    delete stackOf(required("--stack-name")).set;
  },
  "cloudformation create-change-set"() {
    const name = required("--stack-name");
    const kind = required("--change-set-type");
    const there = state.stacks?.[name];
    if (kind === "CREATE" && there && there.status !== "REVIEW_IN_PROGRESS")
      fail(`Stack [${name}] already exists`, 254);
    if (kind === "UPDATE" && !there) fail(`Stack [${name}] does not exist`, 254);
    state.stacks ??= {};
    state.stacks[name] ??= { status: "REVIEW_IN_PROGRESS", resources: {} };
    const stack = state.stacks[name];
    if (stack.set) fail("ChangeSet faasten already exists", 254);
    const { Resources } = templateOf();
    const changes = [];
    for (const [id, resource] of Object.entries(Resources)) {
      const before = stack.resources[id];
      if (!before) changes.push(change(id, resource, (state.left ?? []).includes(id) ? "Import" : "Add"));
      else if (!same(before, resource))
        changes.push(
          change(id, resource, "Modify", { Replacement: named(before) === named(resource) ? "False" : "True" }),
        );
    }
    for (const [id, resource] of Object.entries(stack.resources))
      if (!Resources[id])
        changes.push(change(id, resource, "Remove", resource.DeletionPolicy ? { PolicyAction: "Retain" } : {}));
    stack.set = { changes, resources: Resources };
    print({ Id: "arn:aws:cloudformation:eu-west-1:123456789012:changeSet/faasten/1" });
  },
  "cloudformation wait"() {
    const [, , what] = args;
    const stack = state.stacks?.[required("--stack-name")];
    if (what === "stack-delete-complete" ? stack : !stack) fail(`Waiter ${what} failed: it is not so`, 255);
    if (what === "change-set-create-complete" && stack.set.changes.length === 0)
      fail("Waiter ChangeSetCreateComplete failed: Waiter encountered a terminal failure state", 255);
    if (what === "stack-create-complete" && stack.status !== "CREATE_COMPLETE")
      fail("Waiter StackCreateComplete failed", 255);
    if (what === "stack-update-complete" && stack.status !== "UPDATE_COMPLETE")
      fail("Waiter StackUpdateComplete failed", 255);
  },
  "cloudformation describe-change-set"() {
    const { changes } = stackOf(required("--stack-name")).set;
    const none = { Status: "FAILED", StatusReason: "The submitted information didn't contain changes." };
    print(changes.length === 0 ? none : { Status: "CREATE_COMPLETE", Changes: changes });
  },
  "cloudformation execute-change-set"() {
    const stack = stackOf(required("--stack-name"));
    stack.status = stack.status === "REVIEW_IN_PROGRESS" ? "CREATE_COMPLETE" : "UPDATE_COMPLETE";
    stack.resources = stack.set.resources;
    delete stack.set;
  },
  "cloudformation describe-stack-events": () => print("OrdersTable\tResource handler returned message: no"),
  "cloudformation update-stack"() {
    const stack = stackOf(required("--stack-name"));
    const { Resources } = templateOf();
    if (same(stack.resources, Resources))
      fail("An error occurred (ValidationError): No updates are to be performed.", 254);
    Object.assign(stack, { resources: Resources, status: "UPDATE_COMPLETE" });
  },
  "cloudformation delete-stack"() {
    delete state.stacks?.[required("--stack-name")];
  },
  "s3 cp"() {
    const [, , from, to] = args;
    state.objects ??= {};
    state.objects[to] = from.endsWith(".json") ? readFileSync(from, "utf8") : "";
    if (!existsSync(from)) fail(`The user-provided path ${from} does not exist.`, 255);
  },
  "s3 rm"() {
    for (const key of Object.keys(state.objects ?? {})) if (key.startsWith(`${args[2]}/`)) delete state.objects[key];
  },
};

function stackOf(name) {
  return state.stacks?.[name] ?? fail(`An error occurred (ValidationError): Stack with id ${name} does not exist`, 254);
}

function templateOf() {
  const body = option("--template-body");
  if (body) return JSON.parse(readFileSync(body.replace("file://", ""), "utf8"));
  const [, bucket, key] = /^https:\/\/([^.]+)\.s3\.[^/]+\/(.*)$/.exec(required("--template-url"));
  return JSON.parse(state.objects?.[`s3://${bucket}/${key}`] ?? fail("S3 error: Access Denied", 254));
}

function change(LogicalResourceId, { Type }, Action, more = {}) {
  return { Type: "Resource", ResourceChange: { Action, LogicalResourceId, ResourceType: Type, ...more } };
}

function named({ Properties = {} }) {
  return Properties.TableName ?? Properties.QueueName ?? Properties.TopicName;
}

const az = {
  "account show": () => print("00000000-0000-0000-0000-000000000001"),
  "group exists": () => print(String(state[required("--name")] !== undefined)),
  "group create"() {
    required("--location");
    state[required("--name")] ??= {};
  },
  "provider register": () => required("--namespace"),
  "deployment group what-if"() {
    const { resources = {} } = groupOf();
    const wanted = armOf();
    const changes = Object.entries(wanted).map(([id, resource]) => ({
      resourceId: `/subscriptions/1/resourceGroups/g/providers/${id}`,
      changeType: resources[id] === undefined ? "Create" : same(resources[id], resource) ? "NoChange" : "Modify",
    }));
    print({ status: "Succeeded", error: null, changes });
  },
  "deployment group create"() {
    const group = groupOf();
    group.resources = { ...group.resources, ...armOf() };
    const { outputs = {} } = JSON.parse(readFileSync(required("--template-file"), "utf8"));
    group.outputs = Object.fromEntries(
      Object.keys(outputs).map((name) => [name, { value: `the-${name.toLowerCase()}` }]),
    );
    print(deploymentOf(group));
  },
  "deployment group show"() {
    const group = groupOf();
    if (!group.outputs) fail("(DeploymentNotFound) Deployment 'faasten' could not be found.", 3);
    print(option("--query") ? group.outputs : deploymentOf(group));
  },
  "deployment operation group": () => print(["it was not allowed"]),
  "functionapp deployment source"() {
    const [name, src] = [required("--name"), required("--src")];
    if (!existsSync(src)) fail(`${src} is not there`, 2);
    const group = groupOf();
    group.packages = { ...group.packages, [name]: src };
  },
  "functionapp delete": () => drop("Microsoft.Web/sites"),
  "functionapp plan": () => drop("Microsoft.Web/serverfarms"),
  "storage account": () => required("--name"),
};

function groupOf() {
  return state[required("--resource-group")] ?? fail(`(ResourceGroupNotFound) ${option("--resource-group")}`, 3);
}

function armOf() {
  const { resources } = JSON.parse(readFileSync(required("--template-file"), "utf8"));
  return Object.fromEntries(
    resources.map((one) => {
      const name = one.name.replace(/[^\w-]+/g, "_");
      const [provider, ...types] = one.type.split("/");
      return [[provider, ...types.flatMap((type) => [type, name])].join("/"), one];
    }),
  );
}

function deploymentOf({ outputs }) {
  return { id: "/subscriptions/1/deployments/faasten", properties: { outputs } };
}

function drop(type) {
  required("--name");
  const group = groupOf();
  for (const id of Object.keys(group.resources ?? {})) if (id.startsWith(`${type}/`)) delete group.resources[id];
}

const gcloud = {
  "config get-value": () => print('"acme-1"'),
  "services enable": () => required("--project"),
  "storage buckets"() {
    const [, , verb, name] = args;
    if (verb !== "create" && !state[name]) fail(`ERROR: (gcloud.storage.buckets.${verb}) ${name} not found: 404.`);
    if (verb === "create") state[name] = { location: required("--location") };
    if (verb === "describe") print({ name });
  },
};

const folder = (args.find((one) => one.startsWith("-chdir=")) ?? "-chdir=.").slice("-chdir=".length);
const rest = args.filter((one) => !one.startsWith("-chdir="));
const planned = join(
  folder,
  (rest.find((one) => one.startsWith("-out=")) ?? `-out=${rest.at(-1)}`).slice("-out=".length),
);
const tofu = {
  init() {
    const bucket = rest.find((one) => one.startsWith("-backend-config=bucket=")) ?? fail("no bucket");
    if (!load("gcloud.json")[`gs://${bucket.split("=").at(-1)}`]) fail("Error: bucket doesn't exist");
    writeFileSync(join(folder, ".terraform-bucket"), bucket.split("=").at(-1));
  },
  plan() {
    if (!rest.some((one) => /^-var=region=./.test(one))) fail("No value for required variable");
    const wanted = rest.includes("-destroy") ? {} : wantedResources();
    const before = state[bucketOf()] ?? {};
    const changes = [...new Set([...Object.keys(before), ...Object.keys(wanted)])].map((address) => {
      const [type] = address.split(".");
      const [a, b] = [before[address], wanted[address]];
      const actions = !a
        ? ["create"]
        : !b
          ? ["delete"]
          : same(a, b)
            ? ["no-op"]
            : a.name === b.name
              ? ["update"]
              : ["delete", "create"];
      return { address, mode: "managed", type, change: { actions, before: a ?? null, after: b ?? null } };
    });
    writeFileSync(planned, JSON.stringify({ resource_changes: changes, wanted }));
  },
  show: () => print(readFileSync(planned, "utf8")),
  apply() {
    state[bucketOf()] = JSON.parse(readFileSync(planned, "utf8")).wanted;
  },
  output: () => print('http_url = "https://http.example.com"'),
};

function bucketOf() {
  return readFileSync(join(folder, ".terraform-bucket"), "utf8");
}

function wantedResources() {
  const { resource = {} } = JSON.parse(readFileSync(join(folder, "main.tf.json"), "utf8"));
  return Object.fromEntries(
    Object.entries(resource).flatMap(([type, bodies]) =>
      Object.entries(bodies).map(([label, body]) => [`${type}.${label}`, body]),
    ),
  );
}

const verbs = { aws, az, gcloud, tofu, terraform: tofu }[program];
const words = program === "tofu" || program === "terraform" ? rest : args;
const verb = [3, 2, 1].map((count) => words.slice(0, count).join(" ")).find((name) => verbs[name]);
if (!verb) fail(`${line}: not known here`, 2);
verbs[verb]();
save();
