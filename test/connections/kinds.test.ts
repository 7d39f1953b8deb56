import t from 'tap';
import { conformanceOfKinds } from '../conformance/kinds/all.ts';
import type { StartWebSockets } from '../conformance/kinds/websocket.ts';
import { startChild } from '../helpers/child.ts';
import { startServer } from '../helpers/shutdown.ts';

const startWebSockets: StartWebSockets = (t, setup) =>
  startChild(t, 'connections/websocket', { args: [setup] });

conformanceOfKinds(t, {
  name: 'core',
  http: { start: startServer, kinds: ['http', 'https', 'h2', 'h2c', 'h2+http1'] },
  webSockets: startWebSockets,
  upgrades: startWebSockets,
  raw: (t, setup) => startChild(t, 'connections/raw', { args: [setup] }),
});
