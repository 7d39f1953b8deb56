import t from 'tap';
import { testHttp2 } from '../conformance/kinds/http2.ts';
import { startServer } from '../helpers/shutdown.ts';

t.jobs = 4;
for (const kind of ['h2', 'h2c', 'h2+http1'] as const) testHttp2(t, startServer, kind);
