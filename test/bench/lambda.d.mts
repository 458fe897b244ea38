export declare const context: {
  readonly awsRequestId: string;
  readonly functionName: string;
  readonly xRayTraceId: string;
  getRemainingTimeInMillis(): number;
};
export declare const events: { readonly http: () => unknown; readonly sqs: () => unknown };
export declare function check(event: "http" | "sqs", reply: unknown): void;
