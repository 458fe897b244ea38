// What a provider implements to offer `configuration(keys)`.
import type { CallOptions, Component } from "./component.ts";

export interface ConfigurationItem {
  readonly value: string;
  /** As the store counts them; left out where it does not. */
  readonly version?: string;
}

/** Settings that change without a deploy. They are no secrets. */
export interface ConfigurationStore extends Component {
  /** Those of the keys that exist. The store's present value: what may be older is the block's matter. */
  get(keys: readonly string[], options?: CallOptions): Promise<ReadonlyMap<string, ConfigurationItem>>;
  /** Writes one, with a version of its own: for the local runtime's own tools, for no function has the right. */
  set?(key: string, value: string, options?: CallOptions): Promise<ConfigurationItem>;
  /** All that there are. */
  list?(options?: CallOptions): Promise<ReadonlyMap<string, ConfigurationItem>>;
}
