import t from 'tap';
import { testHttps } from '../conformance/kinds/https.ts';
import { startServer } from '../helpers/shutdown.ts';

t.jobs = 4;
testHttps(t, startServer);
