// What a provider implements to offer `secret(name)`.
import type { CallOptions, Component } from "./component.ts";

export interface SecretStore extends Component {
  /** All keys of one secret; `undefined`: there is none. A secret of one value has one key, its own name. */
  get(name: string, options?: CallOptions): Promise<Readonly<Record<string, string>> | undefined>;
}
