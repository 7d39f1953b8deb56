// A server that passes its listening socket on and then stops leaves its successor on the network.
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { startChild } from '../helpers/child.ts';

type Target = { readonly port: number; readonly host: string } | { readonly socketPath: string };

/** The body of the answer, or the code of the error. */
function ask(target: Target, path = '/'): Promise<string> {
  return new Promise((resolve) => {
    const request = get({ ...target, path, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('error', () => resolve('cut'));
      response.on('end', () => resolve(body));
    });
    request.on('error', ({ code = 'error' }: NodeJS.ErrnoException) => resolve(code));
  });
}

const folder = mkdtempSync(join(tmpdir(), 'passed-on-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

// Node itself cannot pass a Unix socket on in a message.
const cases = [
  ['TCP', 'auto', 'message'],
  ['TCP', 'detach', 'message'],
  ['TCP', 'auto', 'descriptor'],
  ['Unix', 'auto', 'descriptor'],
  ['Unix', 'unlink', 'descriptor'],
] as const;

for (const [kind, seal, passed] of cases) {
  const skip = process.platform !== 'linux' && 'this is not Linux';
  t.test(`${kind}, ${seal}, as a ${passed}`, { skip }, async (t) => {
    const path = join(folder, `${seal}-socket`);
    const env = { PASSED: passed, SEAL: seal, TARGET: kind === 'TCP' ? '0' : path };
    const child = await startChild(t, 'listener/passed-on', { env });
    const target = kind === 'TCP' ? { port: child.port, host: '127.0.0.1' } : { socketPath: path };
    t.teardown(() => ask(target, '/end'));

    let stopped = false;
    const answers = new Set<string>();
    const clients = Array.from({ length: 8 }, async () => {
      while (!stopped) answers.add(await ask(target));
    });
    child.kill('SIGTERM');
    const report = JSON.parse(await child.line('report')) as unknown;
    t.match(await child.exited, { code: 0, signal: null, stderr: '' });
    t.match(report, {
      clean: true,
      listeners: [{ seal: 'none', abandoned: 0, notes: [/a child process holds the socket too/] }],
    });
    stopped = true;
    await Promise.all(clients);
    answers.delete('first');
    // libuv removes the path of a Unix socket when it closes it (uv__pipe_close), and it is put back in the next system
    // call: a client in between is refused.
    if (kind === 'Unix') answers.delete('ENOENT');
    t.same([...answers], ['successor'], 'each client is answered by one or the other');
    t.equal(await ask(target), 'successor', 'which goes on');
  });
}
