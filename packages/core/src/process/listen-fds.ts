import { thisWorker } from './node-cluster.ts';

/** A listening socket that a service manager passed to this process, as systemd's socket units do. */
export interface ListenFd {
  /** For `server.listen({ fd })`. */
  readonly fd: number;
  /** `FileDescriptorName` of the socket unit; by default the unit's name. */
  readonly name: string;
}

/** The first descriptor that is passed on (sd_listen_fds(3)). */
const FIRST_FD = 3;

/**
 * The sockets of `LISTEN_FDS`, empty where none were passed. In a worker of a cluster these are the primary's: a
 * worker's `listen({ fd })` is carried out there, so the number is right in both.
 */
export function listenFds(): readonly ListenFd[] {
  const { LISTEN_FDS: count, LISTEN_PID: pid, LISTEN_FDNAMES: names = '' } = process.env;
  const meant = thisWorker() !== undefined ? process.ppid : process.pid;
  const length = Number(count);
  if (!Number.isInteger(length) || length <= 0 || Number(pid) !== meant) return [];
  const list = names.split(':');
  return Array.from({ length }, (_, index) => ({ fd: FIRST_FD + index, name: list[index] || 'unknown' }));
}
