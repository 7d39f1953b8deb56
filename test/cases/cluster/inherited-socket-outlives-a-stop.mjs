// Socket activation: another process (systemd, here a shell) holds the listening socket and starts the cluster with it
// as fd 3, again after its stop.
import { spawn } from 'node:child_process';
import cluster from 'node:cluster';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const name = 'inherited-socket-outlives-a-stop';
const control = process.argv[2] === '--control';

if (process.argv[2] === 'program') program(process.argv[3] === 'plain');
else judge().catch((error) => verdict(false, error.message));

async function program(plain) {
  const core = plain ? undefined : await import('@graceful-cluster/core');
  if (cluster.isPrimary) {
    console.log(`primary ${process.pid}`);
    if (plain) {
      process.on('SIGTERM', () => cluster.disconnect(() => process.exit()));
      cluster.fork();
      cluster.fork();
    } else core.superviseCluster({ workers: 2 });
  } else {
    const server = http.createServer((request, response) => response.end('ok'));
    core?.createCoordinator().attach(server);
    server.listen({ fd: 3 }, () => console.log('listening'));
  }
}

/** What a client of the held socket sees: an answer, or the code of its error. */
function ask(port) {
  return fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } }).then(
    (response) => response.text(),
    (error) => error.cause?.code ?? error.message,
  );
}

async function judge() {
  setTimeout(() => verdict(false, 'no end within 19 s'), 19_000);
  const server = net.createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address();
  const words = [process.execPath, fileURLToPath(import.meta.url), 'program', ...(control ? ['plain'] : [])];
  const holder = spawn('/bin/sh', ['-c', '"$@"; "$@"', 'sh', ...words], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit', server._handle.fd],
  });
  process.on('exit', () => {
    try {
      process.kill(-holder.pid, 'SIGKILL');
    } catch {
      // The whole group is gone already.
    }
  });
  // From here on only the shell and what it starts have the socket.
  server.close();
  let said = '';
  holder.stdout.on('data', (data) => (said += data));
  const seen = [];
  for (let start = 1; start <= 2; start += 1) {
    while ((said.match(/listening/g)?.length ?? 0) < 2 * start) await sleep(10);
    seen.push(await ask(port));
    process.kill(
      Number(
        said
          .match(/primary \d+/g)
          .at(-1)
          .slice(8),
      ),
      'SIGTERM',
    );
  }
  verdict(
    seen.every((each) => each === 'ok'),
    `first start: ${seen[0]}, after the restart: ${seen[1]}`,
  );
}

function verdict(ok, text) {
  console.log(`${ok ? 'PASS' : 'FAIL'} ${name}: ${text}`);
  process.exit(ok ? 0 : 1);
}
