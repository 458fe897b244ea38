// The paths of an app's HTTP functions, alone and beside each other.
import type { Problems } from "../manifest/problems.ts";
import { checkPath, conflicts, type Route } from "../runtime/router.ts";
import type { Found } from "./found.ts";

export function checkRoutes(found: readonly Found[], problems: Problems): void {
  const seen: { readonly one: Found; readonly route: Route }[] = [];
  for (const one of found) {
    const { on } = one.definition;
    if (on.kind !== "http") continue;
    const wrong = checkPath(on.path) ?? checkReserved(on.path);
    if (wrong !== undefined) {
      problems.add("INVALID", one, `${one.name}: ${wrong}`);
      continue;
    }
    const other = seen.find(({ route }) => conflicts(route, on));
    if (other) {
      const { name, file, line } = other.one;
      problems.add(
        "ALREADY_EXISTS",
        one,
        `${one.name}: ${on.method === "*" ? "ANY" : on.method} ${on.path} is answered by ${name} already (${problems.relative(file)}:${line}): change one of the paths`,
      );
    } else seen.push({ one, route: on });
  }
}

/** `/_Faasten` is kept from every app as `/_faasten` is. */
function checkReserved(path: string): string | undefined {
  const first = path.split("/")[1] ?? "";
  return first.toLowerCase() === "_faasten"
    ? `path "${path}": "/_faasten" is reserved in any spelling, choose another first segment`
    : undefined;
}
