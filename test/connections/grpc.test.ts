// gRPC through the real library, which does not expose its HTTP/2 server: only `--import` reaches that.
import { credentials, status, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';
import t from 'tap';
import { ServiceClient } from '../fixtures/connections/grpc-service.ts';
import { startChild, type Child, type Owner } from '../helpers/child.ts';

t.jobs = 3;

interface Client {
  readonly close: () => void;
  readonly [method: string]: unknown;
}

function connect(t: Owner, child: Child): Client {
  const client = new ServiceClient(`127.0.0.1:${child.port}`, credentials.createInsecure(), {
    // A retry of the library would hide what became of a call.
    'grpc.enable_retries': 0,
  });
  t.teardown(() => client.close());
  return client;
}

/** The answer, or the code of the error. */
function ask(client: Client, method: 'unary' | 'stuck'): Promise<string | number> {
  type Call = (text: string, done: (error: ServiceError | null, answer: string) => void) => void;
  return new Promise((resolve) => {
    (client[method] as Call)('ask', (error, answer) => resolve(error?.code ?? answer));
  });
}

/** What came, and the code at its end. */
function read(client: Client, method: 'finite' | 'endless'): Promise<{ code: number; messages: string[] }> {
  const call = (client[method] as (text: string) => ClientReadableStream<string>)('ask');
  const messages: string[] = [];
  call.on('data', (message: string) => messages.push(message));
  return new Promise((resolve) => {
    call.on('error', () => {});
    call.on('status', ({ code }) => resolve({ code, messages }));
  });
}

const register = import.meta.resolve('@graceful-cluster/core/register');
const start = (t: Owner): Promise<Child> =>
  startChild(t, 'connections/grpc', { nodeOptions: ['--import', register] });

t.test('unary calls and finite streams in flight finish', async (t) => {
  const child = await start(t);
  const client = connect(t, child);
  const unary = ask(client, 'unary');
  const finite = read(client, 'finite');
  await child.line('request unary');
  await child.line('request finite');
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGUSR2'), 300);
  t.equal(await unary, 'done');
  t.same(await finite, { code: status.OK, messages: ['one', 'two', 'three'] });
  t.match(await child.exited, { code: 0, signal: null, stderr: '' });
});

t.test('an endless stream ends as UNAVAILABLE, which is clean', async (t) => {
  const child = await start(t);
  const endless = read(connect(t, child), 'endless');
  await child.line('request endless');
  child.kill('SIGTERM');
  const { code, messages } = await endless;
  t.equal(code, status.UNAVAILABLE);
  t.ok(messages.length > 20, `it went on meanwhile: ${messages.length} messages`);
  t.match(await child.exited, { code: 0, signal: null, stderr: '' });
});

t.test('a call that is never answered is told the same, and is lost', async (t) => {
  const child = await start(t);
  const stuck = ask(connect(t, child), 'stuck');
  await child.line('request stuck');
  child.kill('SIGTERM');
  t.equal(await stuck, status.UNAVAILABLE);
  t.match(await child.exited, { code: 1, signal: null, stderr: /POST \/test\.Service\/Stuck/ });
});
