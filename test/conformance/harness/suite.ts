import type { Test } from 'tap';
import type { App } from './app-process.ts';
import type { AppOptions } from './protocol.ts';
import type { Row, Target } from './row.ts';
import { rows, rowsOfFrameworks, rowsOnTheWire } from '../rows/all.ts';

export type { App, Row, Target };

/** Each row has a process of its own; more of them than this at once would only make time less exact. */
const AT_ONCE = 6;

/** Longest run of a row, in milliseconds. */
const ROW_MS = 60_000;

/** Long enough for a very busy machine. Rows that wait until a time is over choose a shorter one. */
const times = { keepAliveGrace: 4_000, timeout: 25_000, cleanupTimeout: 500 };

/** Every row of what a shutdown promises to HTTP/1 connections. */
export function conformance(t: Test, target: Target): Promise<unknown> {
  return t.test(target.name, { jobs: AT_ONCE }, async (t) => {
    for (const row of rowsFor(target)) {
      t.test(row.name, { skip: row.skip?.(target) ?? false, timeout: ROW_MS }, async (t) => {
        const start = (options: AppOptions): Promise<App> => {
          const merged = { ...row.options, ...options };
          const coordinator = { ...times, ...merged.coordinator };
          return target.start(t, { ...merged, coordinator, tls: target.tls });
        };
        await row.run(t, await start({}), start);
      });
    }
  });
}

function rowsFor({ part }: Target): readonly Row[] {
  if (process.env['CONFORMANCE'] === 'all' || part === undefined) return rows;
  return part === 'on the wire' ? rowsOnTheWire : rowsOfFrameworks;
}
