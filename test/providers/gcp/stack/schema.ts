// The resources that our stacks are made of, as the Google provider 6.50 documents them: what is not here is unknown.
// https://registry.terraform.io/providers/hashicorp/google/6.50.0/docs

/** `!` ends the name of an argument that must be there. */
export type Arguments = { readonly [name: string]: Kind };
export type Kind = "string" | "number" | "boolean" | "strings" | "map" | { readonly block: Arguments };

export interface Schema {
  readonly page: string;
  readonly arguments: Arguments;
  /** What is known once it is there. */
  readonly attributes?: Arguments;
}

const block = (inner: Arguments): Kind => ({ block: inner });
const project = { project: "string" } as const;
const member: Arguments = {
  "member!": "string",
  "role!": "string",
  condition: block({ "expression!": "string", "title!": "string", description: "string" }),
};
const etag = { etag: "string" } as const;
const token = block({ "service_account_email!": "string", audience: "string" });
const serviceConfig: Arguments = {
  all_traffic_on_latest_revision: "boolean",
  available_cpu: "string",
  available_memory: "string",
  environment_variables: "map",
  ingress_settings: "string",
  max_instance_count: "number",
  max_instance_request_concurrency: "number",
  min_instance_count: "number",
  service_account_email: "string",
  timeout_seconds: "number",
  vpc_connector: "string",
};

export const resources: Readonly<Record<string, Schema>> = {
  google_cloud_run_v2_service_iam_member: {
    page: "cloud_run_v2_service_iam",
    arguments: { ...member, ...project, "name!": "string", location: "string" },
    attributes: etag,
  },
  google_cloud_scheduler_job: {
    page: "cloud_scheduler_job",
    arguments: {
      ...project,
      "name!": "string",
      attempt_deadline: "string",
      description: "string",
      http_target: block({
        "uri!": "string",
        body: "string",
        headers: "map",
        http_method: "string",
        oidc_token: token,
      }),
      paused: "boolean",
      region: "string",
      retry_config: block({
        max_backoff_duration: "string",
        max_doublings: "number",
        max_retry_duration: "string",
        min_backoff_duration: "string",
        retry_count: "number",
      }),
      schedule: "string",
      time_zone: "string",
    },
    attributes: { state: "string" },
  },
  google_cloudfunctions2_function: {
    page: "cloudfunctions2_function",
    arguments: {
      ...project,
      "name!": "string",
      "location!": "string",
      build_config: block({
        docker_repository: "string",
        entry_point: "string",
        environment_variables: "map",
        runtime: "string",
        service_account: "string",
        source: block({ storage_source: block({ bucket: "string", generation: "number", object: "string" }) }),
      }),
      description: "string",
      labels: "map",
      service_config: block(serviceConfig),
    },
    attributes: {
      environment: "string",
      service_config: block({ ...serviceConfig, gcf_uri: "string", service: "string", uri: "string" }),
      state: "string",
      update_time: "string",
      url: "string",
    },
  },
  google_firestore_database: {
    page: "firestore_database",
    arguments: {
      ...project,
      "name!": "string",
      "location_id!": "string",
      "type!": "string",
      concurrency_mode: "string",
      delete_protection_state: "string",
      deletion_policy: "string",
      point_in_time_recovery_enablement: "string",
    },
    attributes: { create_time: "string", uid: "string" },
  },
  google_firestore_field: {
    page: "firestore_field",
    arguments: {
      ...project,
      "collection!": "string",
      "field!": "string",
      database: "string",
      index_config: block({
        indexes: block({ array_config: "string", order: "string", query_scope: "string" }),
      }),
      ttl_config: block({}),
    },
    attributes: { name: "string" },
  },
  google_project_iam_custom_role: {
    page: "google_project_iam_custom_role",
    arguments: {
      ...project,
      "permissions!": "strings",
      "role_id!": "string",
      "title!": "string",
      description: "string",
      stage: "string",
    },
    attributes: { deleted: "boolean", name: "string" },
  },
  google_project_iam_member: {
    page: "google_project_iam",
    arguments: { ...member, "project!": "string" },
    attributes: etag,
  },
  google_project_service: {
    page: "google_project_service",
    arguments: {
      ...project,
      "service!": "string",
      disable_dependent_services: "boolean",
      disable_on_destroy: "boolean",
    },
  },
  google_pubsub_subscription: {
    page: "pubsub_subscription",
    arguments: {
      ...project,
      "name!": "string",
      "topic!": "string",
      ack_deadline_seconds: "number",
      dead_letter_policy: block({ dead_letter_topic: "string", max_delivery_attempts: "number" }),
      enable_exactly_once_delivery: "boolean",
      enable_message_ordering: "boolean",
      expiration_policy: block({ "ttl!": "string" }),
      filter: "string",
      labels: "map",
      message_retention_duration: "string",
      push_config: block({
        "push_endpoint!": "string",
        attributes: "map",
        no_wrapper: block({ "write_metadata!": "boolean" }),
        oidc_token: token,
      }),
      retain_acked_messages: "boolean",
      retry_policy: block({ maximum_backoff: "string", minimum_backoff: "string" }),
    },
  },
  google_pubsub_subscription_iam_member: {
    page: "pubsub_subscription_iam",
    arguments: { ...member, ...project, "subscription!": "string" },
    attributes: etag,
  },
  google_pubsub_topic: {
    page: "pubsub_topic",
    arguments: {
      ...project,
      "name!": "string",
      kms_key_name: "string",
      labels: "map",
      message_retention_duration: "string",
      message_storage_policy: block({ "allowed_persistence_regions!": "strings", enforce_in_transit: "boolean" }),
    },
  },
  google_pubsub_topic_iam_member: {
    page: "pubsub_topic_iam",
    arguments: { ...member, ...project, "topic!": "string" },
    attributes: etag,
  },
  google_secret_manager_secret_iam_member: {
    page: "secret_manager_secret_iam",
    arguments: { ...member, ...project, "secret_id!": "string" },
    attributes: etag,
  },
  google_service_account: {
    page: "google_service_account",
    arguments: {
      ...project,
      "account_id!": "string",
      create_ignore_already_exists: "boolean",
      description: "string",
      disabled: "boolean",
      display_name: "string",
    },
    attributes: { email: "string", member: "string", name: "string", unique_id: "string" },
  },
  google_service_account_iam_member: {
    page: "google_service_account_iam",
    arguments: { ...member, "service_account_id!": "string" },
    attributes: etag,
  },
  google_storage_bucket: {
    page: "storage_bucket",
    arguments: {
      ...project,
      "name!": "string",
      "location!": "string",
      force_destroy: "boolean",
      labels: "map",
      public_access_prevention: "string",
      soft_delete_policy: block({ retention_duration_seconds: "number" }),
      storage_class: "string",
      uniform_bucket_level_access: "boolean",
      versioning: block({ "enabled!": "boolean" }),
    },
    attributes: { project_number: "number", self_link: "string", url: "string" },
  },
  google_storage_bucket_iam_member: {
    page: "storage_bucket_iam",
    arguments: { ...member, "bucket!": "string" },
    attributes: etag,
  },
  google_storage_bucket_object: {
    page: "storage_bucket_object",
    arguments: {
      "bucket!": "string",
      "name!": "string",
      content: "string",
      content_type: "string",
      metadata: "map",
      source: "string",
    },
    attributes: { md5hash: "string", self_link: "string" },
  },
  google_storage_notification: {
    page: "storage_notification",
    arguments: {
      "bucket!": "string",
      "payload_format!": "string",
      "topic!": "string",
      custom_attributes: "map",
      event_types: "strings",
      object_name_prefix: "string",
    },
    attributes: { notification_id: "string", self_link: "string" },
  },
};

export const dataSources: Readonly<Record<string, Schema>> = {
  google_cloudfunctions2_function: {
    page: "cloudfunctions2_function",
    arguments: { ...project, "name!": "string", "location!": "string" },
    attributes: resources["google_cloudfunctions2_function"]?.attributes ?? {},
  },
  google_project: {
    page: "project",
    arguments: { project_id: "string" },
    attributes: { name: "string", number: "string" },
  },
  google_storage_project_service_account: {
    page: "storage_project_service_account",
    arguments: { ...project, user_project: "string" },
    attributes: { email_address: "string", member: "string" },
  },
};
