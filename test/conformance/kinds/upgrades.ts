import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Test } from 'tap';
import type { Child } from '../../helpers/child.ts';
import { clean, late, NOT_CLEAN, options, short, sleep, stop, untilCut } from '../../helpers/shutdown.ts';
import type { StartWebSockets } from './websocket.ts';

const upgrade = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';
const heads = {
  upgrade,
  // Since Node 26 the application gets a stream of its own until the body is read.
  'upgrade with a body': `POST${upgrade.slice(3, -2)}Content-Length: 1000\r\n\r\nfirst`,
  CONNECT: 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n',
};

interface Tunnel {
  readonly socket: Socket;
  readonly text: () => string;
  /** Resolves when these are the last words so far, or with false when no more will come. */
  readonly heard: (words: string) => Promise<boolean>;
}

async function open(child: Child, head: string): Promise<Tunnel> {
  const socket = connect({ port: child.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
  socket.write(head);
  const heard = async (words: string): Promise<boolean> => {
    while (!text.endsWith(words) && !socket.readableEnded && !socket.destroyed) await sleep(5);
    return text.endsWith(words);
  };
  await child.line('tunnel');
  await heard('\r\n\r\n');
  return { socket, text: () => text, heard };
}

/** Connections that left HTTP for a protocol that only the application knows. */
export function testUpgrades(t: Test, start: StartWebSockets): void {
  for (const [name, head] of Object.entries(heads)) {
    t.test(`${name}: the hook ends it`, async (t) => {
      const child = await start(t, { options, hook: true });
      const { socket, text } = await open(child, head);
      const { ended } = await stop(child);
      await once(socket, 'end');
      t.match(text(), /bye$/);
      socket.end();
      t.match(await ended, { ...clean, report: { ...clean.report, connections: { open: 1, gone: 1 } } });
    });

    t.test(`${name}: it goes on, is cut at the deadline, and named`, async (t) => {
      const child = await start(t, { options: short });
      const { socket, heard } = await open(child, head);
      const { ended } = await stop(child);
      socket.write('still here');
      if (name !== 'upgrade with a body') t.ok(await heard('still here'));
      const result = await ended;
      socket.destroy();
      t.match(result, {
        code: 1,
        signal: null,
        stderr: NOT_CLEAN,
        report: { connections: { cut: [{ kind: 'upgraded', name: /^127\.0\.0\.1:\d+$/, lost: true }] } },
      });
      t.ok(result.took >= untilCut && result.took < late, `${result.took} ms`);
    });
  }
}
