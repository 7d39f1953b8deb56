import { channel } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import t, { type Test } from 'tap';
import { ask } from '../helpers/child.ts';
import { create, listen } from '../lifecycle/in-process.ts';

/** What a request meets: own properties, and listeners of each event. */
interface Seen {
  readonly keys: Readonly<Record<string, readonly (string | symbol)[]>>;
  readonly listeners: Readonly<Record<string, unknown>>;
  readonly takes: unknown;
}

type Emitters = Readonly<Record<string, EventEmitter>>;

function look(request: IncomingMessage, response: ServerResponse): Seen {
  const { socket } = request;
  const { parser } = socket as unknown as { readonly parser: { readonly onIncoming: unknown } };
  const emitters: Emitters = { request, response, socket };
  const listeners = Object.entries(emitters).map(([name, emitter]) => {
    const counts = emitter.eventNames().map((event) => [String(event), emitter.listenerCount(event)]);
    return [name, Object.fromEntries(counts)];
  });
  const owners = Object.entries({ ...emitters, parser });
  return {
    keys: Object.fromEntries(owners.map(([name, owner]) => [name, Reflect.ownKeys(owner)])),
    listeners: Object.fromEntries(listeners),
    takes: parser.onIncoming,
  };
}

async function askTwice(t: Test, attached: boolean): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    seen.push(look(request, response));
    response.end('hello\n');
  });
  if (attached) create(t).attach(server);
  const port = await listen(t, server);
  for (let count = 0; count < 2; count += 1) t.match(await ask(port, '/'), { status: 200 });
  t.equal(channel('http.server.request.start').hasSubscribers, false, 'requests are not followed');
  t.equal(channel('http.server.response.finish').hasSubscribers, false, 'nor are responses');
  return seen;
}

t.test(
  'while nothing shuts down, a request meets one shared function of this package, and nothing else',
  async (t) => {
    const [plain] = await askTwice(t, false);
    const [first, second] = await askTwice(t, true);
    const { socket: plainKeys = [], ...plainRest } = plain?.keys ?? {};
    const { socket: keys = [], ...rest } = first?.keys ?? {};
    const ours = keys.filter((key) => !plainKeys.includes(key));
    t.same(
      ours.map(String),
      ['Symbol(graceful-cluster.accepted)', 'Symbol(graceful-cluster.onIncoming)'],
      "when the connection was accepted, and Node's own function, both on the socket",
    );
    t.same(rest, plainRest, 'no property of the request, the response, or the parser');
    t.same(first?.listeners, plain?.listeners, 'no listener');
    t.type(first?.takes, 'function');
    t.equal(first?.takes, second?.takes, 'no function of its own for a connection');
  },
);
