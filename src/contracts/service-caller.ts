// What a provider implements to offer `service(name)`.
import type { CallOptions, Component } from "./component.ts";

/** What is sent: a path and query at the service, whatever its address. */
export interface ServiceRequest {
  readonly method: string;
  /** Begins with "/"; may hold a query. */
  readonly path: string;
  readonly headers: Headers;
  readonly body?: Uint8Array | ReadableStream<Uint8Array>;
}

/**
 * Another app's HTTP functions. The component knows their address, fixed at deploy, and proves who calls: its proof goes to
 * that origin and no other. A redirect is a reply like any other. Rejects where no reply came: `UNAVAILABLE` if the
 * request may not have arrived, `TIMEOUT` at the deadline.
 */
export interface ServiceCaller extends Component {
  call(request: ServiceRequest, options?: CallOptions): Promise<Response>;
  /** Answers in this process: for the local runtime, where the service is the app itself. */
  attach?(answer: (request: Request) => Promise<Response>): void;
}
