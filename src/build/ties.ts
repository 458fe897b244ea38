// What ties a program to one cloud, as data: libraries, variables, addresses; and the block that would free it.

export interface Tie {
  readonly kind: "library" | "environment" | "address" | "event" | "escape" | "native" | "trigger";
  readonly what: string;
  /** What would free it: a block, or words where there is none. */
  readonly mend: string;
}

/** Of an import's specifier; `undefined` where it ties to nothing. */
export function libraryTie(specifier: string): Tie | undefined {
  const found = libraries.find(([pattern]) => pattern.test(specifier));
  if (!found || apart.test(specifier)) return undefined;
  return { kind: "library", what: `imports ${specifier}`, mend: `use ${found[1]}` };
}

/** Of a service of `aws-sdk`, the old library that holds them all. */
export function serviceTie(specifier: string, service: string): Tie {
  return { kind: "library", what: `uses ${service} of ${specifier}`, mend: `use ${blockOf(service.toLowerCase())}` };
}

export function variableTie(name: string): Tie | undefined {
  const found = variables.find(([pattern]) => pattern.test(name));
  return found && { kind: "environment", what: `reads process.env.${name}, which ${found[1]} sets`, mend: found[2] };
}

/** Of a text without a space in it: what is written for people names no address. */
export function textTie(text: string): Tie | undefined {
  if (/\s/.test(text) || text.length > longest) return undefined;
  const resource = /^arn:aws[\w-]*:([\w-]+|…)/.exec(text);
  if (resource) return tie(`names ${short(text)}`, blockOf(resource[1] ?? ""));
  const host = /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^/@]*@)?([^/:?#]+)/i.exec(text)?.[1]?.toLowerCase() ?? "";
  const found = issuers.test(host) ? undefined : hosts.find(([pattern]) => pattern.test(host));
  if (found) return tie(`names the host ${short(host)}`, blockOf(found[1] ?? host));
  const path = paths.find(([pattern]) => pattern.test(text));
  return path && { kind: "address", what: `names ${short(text)}`, mend: path[1] };
}

function tie(what: string, block: string): Tie {
  return { kind: "address", what, mend: `use ${block}` };
}

/** The block that stands for a service, by a name that has the service's in it. */
function blockOf(service: string): string {
  return services.find(([pattern]) => pattern.test(service))?.[1] ?? "binding(name).output(…)";
}

const services: readonly (readonly [RegExp, string])[] = [
  [/dynamo|firestore|datastore|documents|cosmos|table|simpledb/, "state(name)"],
  [/secretsmanager|secretmanager|keyvault|vault/, "secret(name)"],
  [/ssm|appconfig|configuration|parametermanager|azconfig/, "configuration([…])"],
  [/scheduler/, "schedule(cron)"],
  [/sns|sqs|events?$|eventbridge|eventgrid|servicebus|service-bus|pubsub|queue|kinesis/, "topic(name)"],
  [/lambda|execute-api|run\.app|cloudfunctions|azurewebsites|on\.aws/, "service(name)"],
  [/s3|storage|blob/, "binding(name).output(…)"],
];

const aws = (pattern: string): RegExp => new RegExp(`^@aws-sdk/(?:${pattern})(?:/|$)`);
const google = (pattern: string): RegExp => new RegExp(`^(?:@google-cloud/|firebase-admin/)(?:${pattern})(?:/|$)`);
const azure = (pattern: string): RegExp => new RegExp(`^@azure/(?:${pattern})(?:/|$)`);

const libraries: readonly (readonly [RegExp, string])[] = [
  [aws("client-dynamodb|lib-dynamodb|util-dynamodb"), "state(name)"],
  [google("firestore|datastore"), "state(name)"],
  [azure("cosmos|data-tables"), "state(name)"],
  [aws("client-sns|client-sqs|client-eventbridge|client-kinesis"), "topic(name)"],
  [google("pubsub"), "topic(name)"],
  [azure("service-bus|eventgrid|event-hubs|storage-queue"), "topic(name)"],
  [aws("client-s3|lib-storage|s3-.*"), "binding(name).output(…)"],
  [google("storage"), "binding(name).output(…)"],
  [azure("storage-blob|storage-file-.*"), "binding(name).output(…)"],
  [aws("client-secrets-manager"), "secret(name)"],
  [google("secret-manager"), "secret(name)"],
  [azure("keyvault-.*"), "secret(name)"],
  [aws("client-ssm"), "secret(name) or configuration([…])"],
  [aws("client-appconfig.*"), "configuration([…])"],
  [google("parametermanager"), "configuration([…])"],
  [azure("app-configuration.*"), "configuration([…])"],
  [aws("client-lambda"), "service(name)"],
  [aws("client-scheduler"), "schedule(cron)"],
  [google("scheduler"), "schedule(cron)"],
  [google("tasks"), "topic(name)"],
  [/^@azure\/functions(?:-core)?(?:\/|$)|^durable-functions(?:\/|$)/, "http, topic(name) or schedule(cron)"],
  [/^@google-cloud\/functions-framework(?:\/|$)|^firebase-functions(?:\/|$)/, "http, topic(name) or schedule(cron)"],
  [/^(?:@aws-sdk|@azure|@google-cloud)\//, "binding(name).output(…)"],
  [/^aws-sdk\/clients\/dynamodb$/, "state(name)"],
  [/^aws-sdk\/clients\/(?:sns|sqs|eventbridge)$/, "topic(name)"],
  [/^aws-sdk\/clients\/secretsmanager$/, "secret(name)"],
  [/^(?:aws-sdk|firebase-admin)(?:\/|$)/, "the block that stands for the service that it calls"],
  [/^(?:aws-xray-sdk.*|applicationinsights)(?:\/|$)/, "the context's `trace` and `log`"],
];

/** Of a cloud's scope, and called from anywhere. */
const apart = /^@azure\/(?:msal-|openai(?:\/|$)|abort-controller(?:\/|$))|^@aws-sdk\/types(?:\/|$)/;

const fromConfiguration = "use configuration([…])";
const fromContext = "use the handler's context";
const variables: readonly (readonly [RegExp, string, string])[] = [
  [/^AWS_(?:LAMBDA|EXECUTION)_|^LAMBDA_(?:TASK_ROOT|RUNTIME_DIR)$|^_HANDLER$|^_X_AMZN_TRACE_ID$/, "AWS", fromContext],
  [/^AWS_/, "AWS", fromConfiguration],
  [/^WEBSITE_|^FUNCTIONS_(?:WORKER|EXTENSION)_|^AZURE_FUNCTIONS_/, "Azure", fromContext],
  [
    /^AZURE_(?!OPENAI_)|^AzureWebJobs|^APPLICATIONINSIGHTS_CONNECTION_STRING$|^(?:IDENTITY|MSI)_ENDPOINT$/,
    "Azure",
    fromConfiguration,
  ],
  [/^K_(?:SERVICE|REVISION|CONFIGURATION)$|^CLOUD_RUN_/, "Google Cloud", fromContext],
  [
    /^FUNCTION_(?:TARGET|NAME|REGION|SIGNATURE_TYPE|TRIGGER_TYPE|MEMORY_MB|TIMEOUT_SEC|IDENTITY)$/,
    "Google Cloud",
    fromContext,
  ],
  [/^GOOGLE_(?:CLOUD_|APPLICATION_CREDENTIALS$)|^(?:GCLOUD|GCP)_PROJECT$/, "Google Cloud", fromConfiguration],
];

/** Hosts, and the word that says which block would do where the host does not. */
const hosts: readonly (readonly [RegExp, string?])[] = [
  [/(?:^|\.)amazonaws\.com(?:\.cn)?$/],
  [/\.(?:lambda-url\.[\w-]+|…)\.on\.aws$/, "lambda"],
  [/\.(?:blob|queue|table|file|dfs)\.core\.windows\.net$/],
  [/\.servicebus\.windows\.net$/],
  [/\.vault\.azure\.net$/],
  [/\.documents\.azure\.com$/],
  [/\.azconfig\.io$/, "configuration"],
  [/\.azurewebsites\.net$/],
  [/\.eventgrid\.azure\.net$/],
  [
    /^(?:[\w-]+\.)*(?:storage|pubsub|firestore|datastore|secretmanager|cloudtasks|cloudscheduler|bigquery|parametermanager)\.googleapis\.com$/,
  ],
  [/\.cloudfunctions\.net$/],
  [/\.run\.app$/],
  [/^169\.254\.(?:169\.254|170\.2)$|^metadata\.google\.internal$/, "configuration"],
];

/** Who signs tokens does so for callers of any cloud. */
const issuers = /^cognito-idp\./;

const paths: readonly (readonly [RegExp, string])[] = [
  [/^\/(?:var\/task|var\/runtime|opt)(?:\/|$)/, "import it, so that the bundle holds it"],
  [/^\/subscriptions\/[^/]+\/resourceGroups\//i, "use the block that stands for the resource"],
  [/^projects\/[^/]+\/(?:topics|subscriptions)\//, "use topic(name)"],
  [/^projects\/[^/]+\/secrets\//, "use secret(name)"],
  [/^projects\/[^/]+\/databases\//, "use state(name)"],
];

/** Of a text that may be an address. */
const longest = 2048;

function short(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
