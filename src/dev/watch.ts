// Tells when one of some files is saved, or a folder gets or loses one that matters.
import { type FSWatcher, readdirSync, statSync, watch } from "node:fs";
import { dirname } from "node:path";

export interface Watcher {
  /** From now on these files and folders too. They need not exist yet. */
  also(paths: readonly string[]): void;
  close(): void;
}

/** `changed` is called once for a save, however many events an editor makes of it. Folders are watched, since editors replace files. */
export function watchFiles(changed: () => void): Watcher {
  const stamps = new Map<string, string>();
  const folders = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    let moved = false;
    for (const [path, known] of stamps) {
      const now = stampOf(path);
      if (now === known) continue;
      stamps.set(path, now);
      moved = true;
    }
    if (moved) changed();
  }

  function open(folder: string): void {
    if (folders.has(folder) || !isFolder(folder)) return;
    const watcher = watch(folder, () => {
      clearTimeout(timer);
      timer = setTimeout(look, settled);
    });
    watcher.on("error", () => folders.delete(folder));
    folders.set(folder, watcher);
  }

  return {
    also(paths) {
      for (const path of paths) {
        if (!stamps.has(path)) stamps.set(path, stampOf(path));
        open(dirname(path));
        if (isFolder(path)) open(path);
      }
    },
    close() {
      clearTimeout(timer);
      for (const watcher of folders.values()) watcher.close();
    },
  };
}

/** Milliseconds without an event: an editor truncates a file before it writes it. */
const settled = 8;

function stampOf(path: string): string {
  try {
    if (isFolder(path)) return readdirSync(path).filter(matters).sort().join("/");
    const { mtimeMs, size } = statSync(path);
    return `${mtimeMs} ${size}`;
  } catch {
    return "";
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Not what editors put beside a file while they save it. */
function matters(name: string): boolean {
  return /^[^.].*\.(?:[cm]?[jt]sx?|json|ya?ml)$/.test(name);
}
