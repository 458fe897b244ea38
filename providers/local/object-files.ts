// Objects as files below a root: each is replaced at once, what is told of it lies beside, and no link leads out.
import type { BigIntStats } from "node:fs";
import { type ErrorCode, FaastenError, once, sha256 } from "../../src/provider.ts";
import { fromPath, toPath } from "./object-paths.ts";

/** What is known of an object beside its bytes. */
export interface About {
  readonly contentType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface Found {
  readonly key: string;
  readonly size: number;
  /** Unix milliseconds. */
  readonly modifiedAt: number;
  /** Another one with each write. */
  readonly version: string;
}

export interface ObjectFiles {
  /** The folder of ours below the root, where no key leads; made on first use. */
  own(): Promise<string>;
  /** Replaces at once: whoever reads meanwhile has the one or the other, whole. */
  write(key: string, bytes: Uint8Array, about: About): Promise<Found>;
  read(key: string): Promise<{ readonly bytes: Uint8Array; readonly about: About } | undefined>;
  /** `false`: there was none. */
  remove(key: string): Promise<boolean>;
  /** A key of our own, made once: of two processes that make it, the first one's stands. */
  secret(): Promise<Uint8Array>;
  /** In UTF-8 order. */
  list(): Promise<readonly Found[]>;
}

/** Below it: `tmp`, what is being written; `about`, what is told of objects, by key and version. No key has a path that begins so. */
const ownFolder = ".faasten";

export function createObjectFiles(root: string, where: string): ObjectFiles {
  const { constants } = process.getBuiltinModule("node:fs");
  const files = process.getBuiltinModule("node:fs/promises");
  const { dirname, join } = process.getBuiltinModule("node:path");

  /** The root as it is without links: from here on, a path with a link in it is another than its own. */
  const opened = once(async () => {
    await files.mkdir(join(root, ownFolder, "tmp"), { recursive: true });
    return files.realpath(root);
  });

  async function pathOf(key: string): Promise<string> {
    const names = toPath(key, where);
    return join(await opened(), ...names);
  }

  function leaves(key: string): FaastenError {
    return new FaastenError(
      "DENIED",
      `${where}: the key ${JSON.stringify(key)} leads through a link: take the link out of ${root}`,
    );
  }

  /** Of the folder that holds it, or of the first above that is there. */
  async function checkLinks(key: string, path: string): Promise<void> {
    const top = await opened();
    for (let folder = dirname(path); folder.length > top.length; folder = dirname(folder)) {
      const real = await files.realpath(folder).catch(unlessAbsent);
      if (real !== undefined && real !== folder) throw leaves(key);
      if (real !== undefined) return;
    }
  }

  async function aboutFile(key: string, version: string): Promise<string> {
    return join(await opened(), ownFolder, "about", sha256(key), `${version}.json`);
  }

  /** What lies at a path, if it is a file. */
  async function look(key: string, path: string): Promise<BigIntStats | undefined> {
    const stat = await files.lstat(path, { bigint: true }).catch(unlessAbsent);
    if (stat?.isSymbolicLink()) throw leaves(key);
    return stat?.isFile() ? stat : undefined;
  }

  async function readAbout(key: string, version: string): Promise<About | undefined> {
    const text = await files.readFile(await aboutFile(key, version), "utf8").catch(unlessAbsent);
    return text === undefined ? undefined : (JSON.parse(text) as About);
  }

  async function forget(key: string, version: string): Promise<void> {
    const file = await aboutFile(key, version);
    await files.rm(file, { force: true });
    await removed(dirname(file)); // unless another version is told of there
  }

  /** Into a folder that whoever removes its last object takes away at the same moment. */
  async function moveInto(path: string, draft: string, key: string): Promise<void> {
    for (let left = 20; ; left--) {
      try {
        await checkLinks(key, path);
        await files.mkdir(dirname(path), { recursive: true });
        await checkLinks(key, path);
        return await files.rename(draft, path);
      } catch (error) {
        const code = codeOf(error);
        if (code === "ENOENT" && left > 0) continue;
        if (code === "EISDIR" && left > 0 && (await removed(path))) continue; // it was empty
        if (!["EISDIR", "ENOTEMPTY", "ENOTDIR", "EEXIST"].includes(code)) throw error;
        const what = `the key ${JSON.stringify(key)} is the beginning of another's path, or another is of its own`;
        throw new FaastenError("INVALID", `${where}: ${what}: a file cannot be a folder too, choose another key`, {
          cause: error,
        });
      }
    }
  }

  /** `false`: something is in it. */
  async function removed(folder: string): Promise<boolean> {
    return files.rmdir(folder).then(
      () => true,
      () => false,
    );
  }

  async function walk(folder: string, names: readonly string[], into: Found[]): Promise<void> {
    for (const entry of (await files.readdir(folder, { withFileTypes: true }).catch(unlessAbsent)) ?? []) {
      if (entry.name.startsWith(".")) continue;
      const [path, inner] = [join(folder, entry.name), [...names, entry.name]];
      if (entry.isDirectory()) await walk(path, inner, into);
      const key = entry.isFile() ? fromPath(inner) : undefined;
      const stat = key === undefined ? undefined : await files.lstat(path, { bigint: true }).catch(unlessAbsent);
      if (key !== undefined && stat?.isFile()) into.push(foundOf(key, stat));
    }
  }

  const guarded = <A extends readonly unknown[], R>(
    work: (...given: A) => Promise<R>,
  ): ((...given: A) => Promise<R>) => {
    return async (...given) => {
      try {
        return await work(...given);
      } catch (error) {
        throw toOurs(error, `${where}: the folder ${root}`);
      }
    };
  };

  return {
    own: guarded(async () => join(await opened(), ownFolder)),

    write: guarded(async (key: string, bytes: Uint8Array, about: About) => {
      const path = await pathOf(key);
      await checkLinks(key, path);
      const before = await look(key, path);
      const draft = join(await opened(), ownFolder, "tmp", crypto.randomUUID());
      try {
        await files.writeFile(draft, bytes, { flag: "wx" });
        const found = foundOf(key, await files.lstat(draft, { bigint: true }));
        const beside = await aboutFile(key, found.version);
        await files.mkdir(dirname(beside), { recursive: true });
        await files.writeFile(beside, JSON.stringify(about));
        await moveInto(path, draft, key).catch(async (error: unknown) => {
          await forget(key, found.version);
          throw error;
        });
        if (before) await forget(key, versionOf(before));
        return found;
      } finally {
        await files.rm(draft, { force: true });
      }
    }),

    read: guarded(async (key: string) => {
      const path = await pathOf(key);
      for (let left = 10; ; left--) {
        await checkLinks(key, path);
        const seen = await look(key, path);
        if (!seen) return undefined;
        const file = await files.open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(unlessAbsent);
        if (!file) continue;
        try {
          const version = versionOf(await file.stat({ bigint: true }));
          const bytes = await file.readFile();
          const about = await readAbout(key, version);
          if (about) return { bytes, about };
          // Nothing is told of what somebody put here by hand, nor any more of what was replaced meanwhile.
          const now = await look(key, path);
          if ((now && versionOf(now) === version) || left === 0) return { bytes, about: {} };
        } finally {
          await file.close();
        }
      }
    }),

    remove: guarded(async (key: string) => {
      const path = await pathOf(key);
      await checkLinks(key, path);
      const stat = await look(key, path);
      if (!stat) return false;
      const gone = await files.unlink(path).then(
        () => true,
        (error: unknown) => unlessAbsent(error) ?? false,
      );
      await forget(key, versionOf(stat));
      const top = await opened();
      for (let folder = dirname(path); folder.length > top.length; folder = dirname(folder))
        if (!(await removed(folder))) break;
      return gone;
    }),

    secret: guarded(async () => {
      const { randomBytes } = process.getBuiltinModule("node:crypto");
      const file = join(await opened(), ownFolder, "presign.key");
      const known = await files.readFile(file).catch(unlessAbsent);
      if (known) return known;
      const draft = join(await opened(), ownFolder, "tmp", crypto.randomUUID());
      await files.writeFile(draft, randomBytes(32), { mode: 0o600 });
      await files.link(draft, file).catch(() => undefined); // another was faster
      await files.rm(draft);
      return files.readFile(file);
    }),

    list: guarded(async () => {
      const all: Found[] = [];
      await walk(await opened(), [], all);
      return all.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
    }),
  };
}

function foundOf(key: string, stat: BigIntStats): Found {
  return { key, size: Number(stat.size), modifiedAt: Number(stat.mtimeMs), version: versionOf(stat) };
}

function versionOf({ ino, size, mtimeNs }: BigIntStats): string {
  return `${ino}-${size}-${mtimeNs}`;
}

function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}

function unlessAbsent(error: unknown): undefined {
  if (codeOf(error) !== "ENOENT" && codeOf(error) !== "ENOTDIR") throw error;
  return undefined;
}

function toOurs(error: unknown, what: string): unknown {
  if (error instanceof FaastenError) return error;
  const [code, hint] = meanings[codeOf(error)] ?? ["INTERNAL", "failed"];
  const message = error instanceof Error ? error.message : String(error);
  return new FaastenError(code, `${what} ${hint} (${message})`, { cause: error });
}

const unusable = ["MISCONFIGURED", "cannot be used: check rootPath, and the rights on it"] as const;
const meanings: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  EACCES: unusable,
  EPERM: unusable,
  EROFS: unusable,
  ENOTDIR: unusable,
  EEXIST: unusable,
  ELOOP: ["DENIED", "holds a link where a file was asked for"],
  ENOSPC: ["UNAVAILABLE", "is full: make room on its disk"],
  EMFILE: ["UNAVAILABLE", "cannot be read: too many files are open"],
};
