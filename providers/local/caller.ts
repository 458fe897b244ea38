// How an app on this machine says which it is, to another that it calls.

/** Believed together with the token of the app that is called. */
export const callerHeader = "faasten-caller";
