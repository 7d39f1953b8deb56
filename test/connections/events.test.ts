import t from 'tap';
import { testEvents } from '../conformance/kinds/events.ts';
import { startServer } from '../helpers/shutdown.ts';

t.jobs = 4;
testEvents(t, startServer, 'http');
testEvents(t, startServer, 'https');
