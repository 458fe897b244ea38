// A request's path as a URL's parser reads it, so that the path and the URL of one request never differ.

/** A backslash is a slash, and dot segments are resolved; all else is as it came. `path` holds no "?" and no "#". */
export function toPath(path: string): string {
  return odd.test(path) ? new URL(`http://h${path}`).pathname : path;
}

const odd: RegExp = /\\|\/(?:\.|%2e)/i;
