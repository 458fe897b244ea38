// Keys as ids of documents, in the same order: Firestore allows no slash in them, no `.`, no `..` and no `__x__`.
// https://docs.cloud.google.com/firestore/quotas#collections_documents_and_fields

/** A dot and what comes after it stand for a dot or a slash, which lie side by side; the first sign keeps ids from being the service's own. */
export function idOf(key: string): string {
  return `=${key.replace(/[./]/g, (sign) => (sign === "." ? ".-" : "._"))}`;
}

/** `name`: of the document, with its path. */
export function keyOf(name: string): string {
  const id = name.slice(name.lastIndexOf("/") + 1);
  return id.slice(1).replace(/\.[-_]/g, (pair) => (pair === ".-" ? "." : "/"));
}

/** The least text that comes after all that begin with this one, in the order of UTF-8. */
export function after(text: string): string {
  const points = Array.from(text, (sign) => sign.codePointAt(0) ?? 0);
  while (points.at(-1) === 0x10ffff) points.pop();
  const last = points.pop() ?? 0;
  // Between these two lies what is no character.
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
}
