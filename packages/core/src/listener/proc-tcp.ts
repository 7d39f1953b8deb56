import { readFileSync } from 'node:fs';

/**
 * The TCP sockets of this network namespace, each as the fields of its line: address, state, queues and inode are the
 * second, fourth, fifth and tenth (proc_net_tcp.txt of the kernel).
 *
 * @throws where neither table can be read
 */
export function readProcTcp(): readonly (readonly string[])[] {
  let read = 0;
  const lines = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => {
    try {
      const text = readFileSync(file, 'latin1');
      read += 1;
      return text.split('\n').slice(1);
    } catch {
      return [];
    }
  });
  if (read === 0) throw new Error('no table of TCP sockets');
  return lines.map((line) => line.trim().split(/\s+/));
}
