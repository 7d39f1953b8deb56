import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { groupProcesses } from './ports.ts';

/** What a server runs on, if that is Node.js, whose fix is known. */
export type Runtime = 'node' | null;

const isNode = (program: string): boolean => /^(?:node|nodejs)(?:\.exe)?$/.test(basename(program));

/** By the programs of its process group on Linux; by the words of its command elsewhere. */
export function findRuntime(command: readonly string[], pid: number | undefined): Runtime {
  if (process.platform !== 'linux' || pid === undefined) return command.some(isNode) ? 'node' : null;
  const processes = command.length > 0 ? groupProcesses(pid) : [String(pid)];
  return processes.some((id) => isNode(programOf(id))) ? 'node' : null;
}

/** Path of the program; empty if the process has ended, or belongs to another user. */
function programOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return '';
  }
}
