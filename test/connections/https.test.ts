import t from 'tap';
import { testHttps } from '../conformance/kinds/https.ts';
import { startServer } from '../helpers/shutdown.ts';

testHttps(t, startServer);
