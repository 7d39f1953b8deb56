// A page in a real browser, driven through its debugging port.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t from 'tap';
import { WebSocket } from 'ws';
import { startChild, type Owner } from '../helpers/child.ts';
import { halves as options, sleep, stop } from '../helpers/shutdown.ts';

interface Seen {
  readonly events: readonly string[];
  readonly sockets: readonly string[];
  readonly errors: number;
  readonly closed?: { readonly code: number; readonly wasClean: boolean };
}

function unavailable(): string | false {
  return spawnSync('chromium', ['--version']).status === 0 ? false : 'no chromium here';
}

/** Opens a page, and returns a function that asks what it has seen. */
async function openPage(t: Owner, url: string): Promise<() => Promise<Seen>> {
  const folder = await mkdtemp(join(tmpdir(), 'chromium-'));
  const flags =
    '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking ' +
    '--disable-component-update --disable-sync --remote-debugging-port=0';
  const browser = spawn('chromium', [...flags.split(' '), `--user-data-dir=${folder}`, url], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const gone = new Promise((resolve) => browser.on('close', resolve));
  t.teardown(async () => {
    browser.kill('SIGKILL');
    await gone;
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  let port = '';
  for await (const line of createInterface(browser.stderr)) {
    port = /DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? '';
    if (port !== '') break;
  }
  browser.stderr.resume();
  interface Target {
    readonly type: string;
    readonly url: string;
    readonly webSocketDebuggerUrl: string;
  }
  let target: Target | undefined;
  while (target === undefined) {
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as Target[];
    target = targets.find((each) => each.type === 'page' && each.url.startsWith(url));
    await sleep(50);
  }
  const devtools = new WebSocket(target.webSocketDebuggerUrl);
  await new Promise((resolve) => devtools.on('open', resolve));
  let id = 0;
  return () =>
    new Promise((resolve) => {
      id += 1;
      const asked = id;
      const listen = (text: Buffer): void => {
        const message = JSON.parse(String(text)) as {
          readonly id: number;
          readonly result?: { readonly result: { readonly value: Seen } };
        };
        if (message.id !== asked || message.result === undefined) return;
        devtools.off('message', listen);
        resolve(message.result.result.value);
      };
      devtools.on('message', listen);
      const params = { expression: 'seen', returnByValue: true };
      devtools.send(JSON.stringify({ id: asked, method: 'Runtime.evaluate', params }));
    });
}

t.test(
  'an EventSource goes on at the next server, a WebSocket is closed cleanly',
  { skip: unavailable() },
  async (t) => {
    const first = await startChild(t, 'connections/page', { args: [{ port: 0, options }] });
    const look = await openPage(t, `http://127.0.0.1:${first.port}/`);
    await Promise.all([first.line('websocket'), first.line('request /events')]);
    const { ended } = await stop(first);
    const { code, signal, report } = await ended;
    t.match({ code, signal, report }, { code: 0, signal: null, report: { clean: true } });
    t.match(await look(), { sockets: ['hello'], closed: { code: 1_001, wasClean: true } });

    const next = await startChild(t, 'connections/page', { args: [{ port: first.port, options }] });
    await next.line('request /events');
    let seen = await look();
    // The first server may be asked once more, on a connection that is kept alive for its grace.
    while (new Set(seen.events).size < 2) {
      await sleep(50);
      seen = await look();
    }
    t.equal(seen.events.at(-1), await next.line('pid'), 'the event of the next server');
  },
);
