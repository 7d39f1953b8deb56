import { existsSync, readFileSync } from 'node:fs';
import type { ShutdownReport } from '@graceful-cluster/core';

/** A line of what the program noted. */
export interface Entry {
  readonly pid: number;
  /** On the clock of `monotonic()`. */
  readonly at: number;
  readonly word: string;
  readonly rest: string;
}

export interface Evidence {
  readonly entries: readonly Entry[];
  /** All entries with that word, in the order in which they were written. */
  readonly all: (word: string) => readonly Entry[];
  /** The last process that had a request, or a connection from that port, and when; undefined if none ever had. */
  readonly holder: (attempt: { readonly id: string; readonly localPort: number }) => Entry | undefined;
  /** When the TLS handshake of the connection from that port was done. */
  readonly secured: (localPort: number) => Entry | undefined;
  /** Milliseconds in which a process was ready to run after that moment, and had no processor. */
  readonly waited: (pid: number, since: number) => number;
  readonly executed: (id: string) => Entry | undefined;
  readonly answered: (id: string) => Entry | undefined;
  readonly reports: () => readonly { readonly pid: number; readonly report: ShutdownReport }[];
}

/** Reads the evidence of a program that is gone, or of one that is still writing. */
export function readEvidence(file: string): Evidence {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const entries = text
    .split('\n')
    .slice(0, -1)
    .map((line): Entry => {
      const [pid = '', at = '', word = '', ...rest] = line.split(' ');
      return { pid: Number(pid), at: Number(at), word, rest: rest.join(' ') };
    });
  const by = (word: string): Map<string, Entry> =>
    new Map(entries.filter((entry) => entry.word === word).map((entry) => [entry.rest, entry]));
  const requests = by('request');
  const answered = by('answered');
  const connections = by('connection');
  const secured = by('secure');
  const all = (word: string): readonly Entry[] => entries.filter((entry) => entry.word === word);
  return {
    entries,
    all,
    holder: ({ id, localPort }) => requests.get(id) ?? connections.get(String(localPort || 'none')),
    secured: (localPort) => secured.get(String(localPort)),
    waited: (pid, since) => {
      const own = all('waited').filter((entry) => entry.pid === pid);
      const before = own.findLast(({ at }) => at <= since);
      return Number(own.at(-1)?.rest ?? 0) - Number(before?.rest ?? 0);
    },
    executed: (id) => requests.get(id),
    answered: (id) => answered.get(id),
    reports: () =>
      all('report').map(({ pid, rest }) => ({ pid, report: JSON.parse(rest) as ShutdownReport })),
  };
}
