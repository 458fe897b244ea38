// How the files beside this one state a type: nothing here runs, the type check is the test.

/** Whether two types are the same: `any` is the same as nothing but itself. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** `proves<Equal<A, B>>()` compiles only where it is so. */
export declare function proves<_Truth extends true>(): void;
