// Handlers that take a callback, or end by their context, as ones of a promise, written by hand: for a runtime client that has
// none of these.
import * as express from "./express.mjs";
import styles from "./old-styles.cjs";

const promised = (handler) => (event, context) =>
  new Promise((resolve, reject) => {
    const done = (error, result) => (error ? reject(error) : resolve(result));
    const methods = { done, succeed: resolve, fail: reject };
    const returned = handler(event, Object.assign(Object.create(context), methods), done);
    if (returned instanceof Promise) returned.then(resolve, reject);
  });

export const vendia = promised(express.vendia);
export const callback = promised(styles.callback);
export const callbackLater = promised(styles.callbackLater);
export const callbackFails = promised(styles.callbackFails);
export const succeed = promised(styles.succeed);
export const done = promised(styles.done);
export const fail = promised(styles.fail);
