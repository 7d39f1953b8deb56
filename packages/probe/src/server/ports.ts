import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import type { Target } from '../network/target.ts';

/** Whether connections to an address are accepted. */
export function accepts({ host, port, path }: Target): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path === undefined ? { host, port } : { path });
    const settle = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(1_000, () => settle(false));
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

/** A TCP port that is free now. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export interface Listener {
  readonly port: number;
  /** Whether the socket is bound to all addresses, rather than to one. */
  readonly all: boolean;
}

/** State of a listening socket in `/proc/net/tcp`. */
const LISTEN = '0A';

/**
 * Where processes of a group listen, in their own network namespace, lowest port first. Linux only; elsewhere empty.
 */
export function findListeners(group: number): Listener[] {
  if (process.platform !== 'linux') return [];
  const processes = groupProcesses(group);
  const inodes = new Set(processes.flatMap(readSockets));
  return ['tcp', 'tcp6']
    .flatMap((table) => read(`/proc/${processes[0]}/net/${table}`).split('\n'))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTEN && inodes.has(fields[9] ?? ''))
    .map(([, local = '']) => {
      const [address = '', port = ''] = local.split(':');
      return { port: Number.parseInt(port, 16), all: /^0+$/.test(address) };
    })
    .toSorted((a, b) => a.port - b.port);
}

/** Whether a process group still has a process that is not a zombie. */
export function groupRuns(group: number): boolean {
  try {
    process.kill(-group, 0);
  } catch {
    return false;
  }
  return process.platform !== 'linux' || groupProcesses(group).length > 0;
}

/** Numbers of the processes of a group that are no zombies. Linux only. */
export function groupProcesses(group: number): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    // The name of the program is in brackets and may contain anything.
    const [state, , itsGroup] = read(`/proc/${name}/stat`)
      .replace(/^.*\) /s, '')
      .split(' ');
    return Number(itsGroup) === group && state !== 'Z';
  });
}

function readSockets(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${fd}`)) ?? [];
      return inode === undefined ? [] : [inode];
    });
  } catch {
    return [];
  }
}

/** Text of a file; empty if its process has ended meanwhile. */
function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

function readLink(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}
