import { linkSync, lstatSync, renameSync, unlinkSync, type BigIntStats } from 'node:fs';
import type { Server } from 'node:net';
import { resolve } from 'node:path';
import { rawHandle } from '../node-internals/net.ts';

/** The path of a Unix socket, and whose it is. Abstract sockets of Linux, whose name begins with a zero, have none. */
export interface UnixPath {
  /** Absolute: the process may change its folder later. */
  readonly path: string;
  /** Whether the path still leads to the socket that it led to when the server began to listen. */
  readonly isOurs: () => boolean;
}

interface Noted {
  readonly handle: unknown;
  readonly unix: UnixPath;
}

const noted = new WeakMap<Server, Noted>();

/** Notes whose the path of a server is, as soon as it listens: once another process has taken it over, that is lost. */
export function notePath(server: Server): void {
  const handle = rawHandle(server);
  // The first look counts: a successor may be quicker than the listeners of `listening`.
  if (!server.listening || noted.get(server)?.handle === handle) return;
  try {
    const address = server.address();
    if (typeof address === 'string') noted.set(server, { handle, unix: unixPath(address) });
  } catch {
    // A program's own `address` throws: without one, no path is removed.
  }
}

export function notedPath(server: Server, address: string): UnixPath {
  notePath(server);
  return noted.get(server)?.unix ?? unixPath(address);
}

export function unixPath(address: string): UnixPath {
  if (address.startsWith('\0') || process.platform === 'win32') return { path: address, isOurs: () => false };
  const path = resolve(address);
  const first = identify(path);
  return { path, isOurs: () => first !== undefined && isSame(first, identify(path)) };
}

/**
 * Closes a listener and keeps the path of its successor. libuv removes the path that it has bound when it closes the
 * socket, even where another socket is there by now, or where the process has changed its folder and the path leads
 * elsewhere.
 *
 * @param address - as libuv has it
 */
export function closeBeside(address: string, unix: UnixPath, close: () => void): void {
  const path = resolve(address);
  if (address.startsWith('\0') || (path === unix.path && unix.isOurs())) {
    close();
    return;
  }
  const aside = setAside(path);
  close();
  if (aside !== undefined) putBack(aside, path);
}

/** A second name for a file, at a place where there is none. Undefined where there is no such file. */
function setAside(path: string): string | undefined {
  for (let n = 0; ; n += 1) {
    const aside = `${path}.${process.pid}.${n}`;
    try {
      linkSync(path, aside);
      return aside;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') continue;
      if (code === 'ENOENT' || identify(path) === undefined) return undefined;
      // A file system without hard links.
      if (identify(aside) !== undefined) continue;
      renameSync(path, aside);
      return aside;
    }
  }
}

function putBack(aside: string, path: string): void {
  try {
    linkSync(aside, path);
    unlinkSync(aside);
  } catch {
    // No hard links here, or yet another process has taken the path meanwhile: then it is that one's.
    if (identify(path) === undefined) renameSync(aside, path);
    else unlinkSync(aside);
  }
}

function identify(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
}

/**
 * File systems use the number of an inode again at once, so one of two times has to be the same as well: a program may
 * touch its socket, which changes the first, and where a file system keeps no time of birth Node gives that of the last
 * change (a chmod) as the second.
 */
function isSame(first: BigIntStats, now: BigIntStats | undefined): boolean {
  if (now === undefined || now.dev !== first.dev || now.ino !== first.ino) return false;
  return now.mtimeNs === first.mtimeNs || now.birthtimeNs === first.birthtimeNs;
}
