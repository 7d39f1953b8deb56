// How a connection came must make no difference: what is in flight is answered, what is idle ends, nothing is cut.
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import { connectClient } from '../conformance/harness/raw-client.ts';
import { says } from '../conformance/harness/row.ts';
import { kinds, ways, type CameKind, type Way } from '../fixtures/connections/came.ts';
import { startChild, type Child } from '../helpers/child.ts';
import { clean, options, stop } from '../helpers/shutdown.ts';

t.jobs = 4;
t.setTimeout(300_000);
const get = (url: string): string => `GET ${url} HTTP/1.1\r\nHost: a\r\n\r\n`;
const [major = 0] = process.versions.node.split('.').map(Number);

/** Opens connections and brings them to the point where the stop begins. Returns what must be seen after that. */
type Client = (t: Test, child: Child) => Promise<() => Promise<void>>;

const http1 =
  (tls: boolean): Client =>
  async (t, child) => {
    const open = () => connectClient({ port: child.port, tls });
    const [busy, idle] = await Promise.all([open(), open()]);
    idle.write(get('/'));
    await idle.response();
    busy.write(get('/hold'));
    await child.line('request /hold');
    return async () => {
      const response = await busy.response();
      t.equal(response.body, 'held');
      says(t, response, 'close');
      for (const client of [busy, idle]) t.same(await client.closed(), { how: 'fin', rest: '' });
    };
  };

const http2 =
  (scheme: string): Client =>
  async (t, child) => {
    const session = connectHttp2(`${scheme}://127.0.0.1:${child.port}`, { rejectUnauthorized: false });
    t.teardown(() => session.destroy());
    const stream = session.request({ ':path': '/hold' });
    const text = stream.setEncoding('utf8').toArray();
    await child.line('request /hold');
    const closed = once(session, 'close');
    return async () => {
      t.equal((await text).join(''), 'held');
      await closed;
    };
  };

const clients: Readonly<Record<CameKind, Client>> = {
  http: http1(false),
  https: http1(true),
  h2c: http2('http'),
  h2: http2('https'),
  'h2+http1': http1(true),
  ws: async (t, child) => {
    const socket = new WebSocket(`ws://127.0.0.1:${child.port}`);
    const closed = once(socket, 'close');
    await once(socket, 'open');
    await child.line('request websocket');
    return async () => {
      t.match(await closed, [1001]);
    };
  },
  raw: async (t, child) => {
    const socket = connect(child.port, '127.0.0.1');
    const text = socket.setEncoding('utf8').toArray();
    await child.line('request raw');
    return async () => {
      t.equal((await text).join(''), 'bye');
    };
  },
};

/** What cannot be, and why. */
function impossible(kind: CameKind, way: Way): string | undefined {
  if (way !== 'late') return undefined;
  if (kind === 'h2c' || kind === 'h2') return major < 24 ? 'Node lists no sessions' : undefined;
  return undefined;
}

const [, , only] = process.argv;

for (const way of ways.filter((each) => only === undefined || each === only)) {
  for (const kind of kinds) {
    t.test(`${way}: ${kind}`, { skip: impossible(kind, way) ?? false }, async (t) => {
      const child = await startChild(t, 'connections/came', { args: [{ kind, way, options }] });
      const seen = await clients[kind](t, child);
      const { ended } = await stop(child);
      child.kill('SIGUSR2');
      await seen();
      const result = await ended;
      t.match(result, clean);
      const open = ['http', 'https', 'h2+http1'].includes(kind) ? 2 : 1;
      t.equal(result.report.connections.open, open, 'each connection is known, once');
    });
  }
}
