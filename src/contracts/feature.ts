// What a bundle can do without.

/**
 * A build knows all functions of a deployable, and leaves out what none of them needs: `import.meta.without?.cors` is
 * written where that begins, is a constant in a bundle, and `undefined` everywhere else: then everything is there.
 * The check of `access` is never among them.
 */
export type Feature =
  | "cors"
  | "idempotency"
  /** Functions that are triggered by HTTP. */
  | "requests"
  /** All others: without them, each call is one request. */
  | "events"
  | "subscriptions"
  /** `subscribeMany`. */
  | "batches"
  /** The clients of grants, by their rights. */
  | "publish"
  | "readWrite"
  | "list"
  /** Components that are made of secrets. */
  | "rotation"
  | "output"
  /** Lambda handlers where no host runs them as they are. */
  | "bridge"
  /** Of declarations: a build has made them before there is a bundle. */
  | "checks";

declare global {
  interface ImportMeta {
    readonly without?: Readonly<Partial<Record<Feature, boolean>>>;
  }
}
