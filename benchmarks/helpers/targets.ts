interface Target {
  readonly what: string;
  readonly target: string;
  /** The benchmark that measures it: `npm run bench -- scale`. */
  readonly bench: string;
}

/** The rows of the table in docs/performance.md: a test keeps the two equal. */
export const targets = {
  request: {
    what: 'requests for the same processor time, of those of a plain server',
    target: '0.995',
    bench: 'steady-state',
  },
  heap: { what: 'heap for each idle connection', target: '64 bytes', bench: 'memory' },
  idleExit: { what: '18,000 idle connections: exit beyond the grace', target: '500 ms', bench: 'scale' },
  idleTurn: {
    what: '18,000 idle connections: processor time of the longest turn',
    target: '20 ms',
    bench: 'scale',
  },
  idleLate: {
    what: '18,000 idle connections: a request in flight beside them is late by',
    target: '20 ms',
    bench: 'scale',
  },
  idleEach: { what: 'processor time for each idle connection ended', target: '45 µs', bench: 'scale' },
  busyTurn: {
    what: '10,000 busy connections cut: processor time of the longest turn',
    target: '50 ms',
    bench: 'scale',
  },
  busyExit: {
    what: '10,000 busy connections cut: from `timeout` to the exit',
    target: '0 ms',
    bench: 'scale',
  },
  report: { what: '10,000 busy connections cut: the report', target: '50 kB', bench: 'scale' },
  webSockets: {
    what: '9,000 silent WebSockets: processor time for each second of waiting',
    target: '10 ms',
    bench: 'scale',
  },
  stats: {
    what: '`stats()` with 10,000 connections, in the mean of a second',
    target: '0.1 ms',
    bench: 'scale',
  },
  handshakes: {
    what: 'a look at handshakes in progress, 18,000 connections',
    target: '1 ms',
    bench: 'scale',
  },
  load: { what: 'loading core beyond `node:http`', target: '10 ms', bench: 'startup' },
  portFree: { what: 'signal → port free, under load', target: '10 ms', bench: 'refusal' },
  refused: { what: 'cluster of 16: signal → refused', target: '10 ms', bench: 'cluster' },
  handOver: { what: 'cluster of 16: hand-over', target: '50 ms', bench: 'cluster' },
} as const satisfies Readonly<Record<string, Target>>;

/** Prints a row of that table, as it is measured by this run. */
export function printRow(row: keyof typeof targets, measured: string): void {
  const { what, target } = targets[row];
  console.log(`| ${what} | ${target} | ${measured} |`);
}
