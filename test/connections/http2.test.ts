import t from 'tap';
import { testHttp2 } from '../conformance/kinds/http2.ts';
import { startServer } from '../helpers/shutdown.ts';

t.jobs = 3;
for (const kind of ['h2', 'h2c', 'h2+http1'] as const) {
  t.test(kind, { buffered: true }, async (t) => testHttp2(t, startServer, kind));
}
