// Tells when one of some files is saved, or a folder gets or loses one that matters.
import { type FSWatcher, readdirSync, statSync, watch } from "node:fs";
import { dirname, join } from "node:path";

export interface Watcher {
  /** From now on these files and folders too. They need not exist yet. */
  also(paths: readonly string[]): void;
  /** These folders with all that are in them or will be, however deep; but for `node_modules` and what is hidden. */
  below(folders: readonly string[]): void;
  close(): void;
}

/** `changed` is called once for a save, however many events an editor makes of it. Folders are watched, since editors replace files. */
export function watchFiles(changed: () => void): Watcher {
  const stamps = new Map<string, string>();
  const folders = new Map<string, FSWatcher>();
  const trees = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    let moved = false;
    for (const [folder, watcher] of folders) {
      if (isFolder(folder)) continue;
      watcher.close();
      folders.delete(folder);
    }
    // One that is new counts from empty: a file may have come into it before it was watched.
    for (const tree of trees) grow(tree, () => "");
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

  function grow(folder: string, stamp: (folder: string) => string): void {
    open(folder);
    if (!stamps.has(folder)) stamps.set(folder, stamp(folder));
    for (const inner of foldersIn(folder)) grow(inner, stamp);
  }

  return {
    below(all) {
      for (const tree of all) {
        if (!trees.has(tree)) grow(tree, stampOf);
        trees.add(tree);
      }
    },
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

function foldersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() && !/^\.|^node_modules$/.test(entry.name) ? [join(folder, entry.name)] : [],
    );
  } catch {
    return [];
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Not what editors put beside a file while they save it. */
function matters(name: string): boolean {
  return /^[^.].*\.(?:[cm]?[jt]sx?|json|ya?ml)$/.test(name);
}
