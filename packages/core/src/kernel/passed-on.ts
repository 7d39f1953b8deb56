import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Most descriptors of a process that are looked at: a passed listener gets one of the first free numbers there. */
const MAX_DESCRIPTORS = 256;
const MAX_PROCESSES = 64;

/**
 * Whether a child process, or a child of one, holds this kernel socket too: it got it by `child.send(message, server)`
 * or by `stdio`, and may go on listening when this process has ended. False where /proc cannot be read.
 */
export function isHeldByChild(fd: number): boolean {
  if (process.platform !== 'linux' || fd < 0) return false;
  const processes = childrenOf('self');
  if (processes.length === 0) return false;
  const socket = linkOf('self', String(fd));
  if (socket === undefined) return false;
  for (let index = 0; index < Math.min(processes.length, MAX_PROCESSES); index += 1) {
    const pid = processes[index] ?? '';
    const descriptors = list(`/proc/${pid}/fd`).slice(0, MAX_DESCRIPTORS);
    if (descriptors.some((each) => linkOf(pid, each) === socket)) return true;
    processes.push(...childrenOf(pid));
  }
  return false;
}

/** Children of a process, which /proc lists by the thread that has started each. */
function childrenOf(pid: string): string[] {
  return list(`/proc/${pid}/task`).flatMap((thread) => {
    try {
      return readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean);
    } catch {
      return [];
    }
  });
}

/** Entries of a folder in /proc; none for a process that is gone, or of another user. */
function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** `socket:[inode]` of a socket. */
function linkOf(pid: string, fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return undefined;
  }
}
