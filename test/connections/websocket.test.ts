import t from 'tap';
import { startChild } from '../helpers/child.ts';
import { testWebSocket } from '../conformance/kinds/websocket.ts';

t.jobs = 4;
testWebSocket(t, (t, setup) => startChild(t, 'connections-websocket', { args: [setup] }));
