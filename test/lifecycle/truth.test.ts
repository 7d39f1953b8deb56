import t from 'tap';
import { createReport } from '../helpers/internals.ts';

t.test('a queue that cannot be counted: nothing failed, but it is not said to be clean', (t) => {
  const listener = {
    address: '127.0.0.1:1',
    seal: 'none',
    notes: [],
    queued: null,
    handshakes: null,
    duration: 1,
  };
  const of = (abandoned: number | null): unknown => {
    const { clean, exitCode } = createReport({
      reason: 'test',
      duration: 1,
      phases: { delaying: 0, closing: 0, draining: 0, cleanup: 0 },
      listeners: [{ ...listener, seal: 'none', abandoned }],
      hooks: [],
      workers: [],
      threads: [],
      interferences: [],
      errors: [],
      open: 0,
      totals: [],
      cut: [],
    });
    return { clean, exitCode };
  };
  t.strictSame(of(0), { clean: true, exitCode: 0 });
  t.strictSame(of(null), { clean: false, exitCode: 0 });
  t.strictSame(of(2), { clean: false, exitCode: 1 });
  t.end();
});
