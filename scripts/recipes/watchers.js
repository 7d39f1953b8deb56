// The development loop: each watcher of docs/troubleshooting.md restarts a server at a terminal, with a connection that
// has said no byte, as browsers open them, and an idle one. What the stop waits for is read from its report: as in
// production (`development: false`), and as the page says to run it. The new process must answer.
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const install = ['tsx@4', 'nodemon@3'];

/** Longest median stop of a recipe, in milliseconds. */
const LIMIT_MS = 300;
/** Longest wait for a line of the server, in milliseconds. */
const LINE_MS = 30_000;

const every = ['SIGTERM', 'SIGINT', 'SIGUSR2'];

/** By the command that the page names: the options that it names beside it. */
export const watchers = [
  { command: 'node --watch server.js' },
  { command: 'node --watch --import tsx server.ts' },
  { command: 'tsx watch server.ts', options: { development: true } },
  { command: 'nodemon --signal SIGINT server.js' },
  { command: 'nodemon server.js', both: { signals: every } },
];

const server = (options) => `import { createServer } from 'node:http';
import { createCoordinator } from '@graceful-cluster/core';

const coordinator = createCoordinator(${JSON.stringify(options)});
const server = createServer((request, response) => response.end('hello'));
server.on('connection', () => console.log('connection'));
coordinator.attach(server);
coordinator.on('stopped', ({ clean, duration }) => console.log(\`stopped \${clean} \${duration}\`));
server.listen(0, '127.0.0.1', () => console.log(\`ready \${Object(server.address()).port}\`));
`;

/** @returns a function that waits for the next line of the child with these words, and gives what follows them */
function readLines(child) {
  const seen = [];
  let wake = () => {};
  createInterface(child.stdout).on('line', (line) => {
    seen.push(line.trim());
    wake();
  });
  const all = [];
  return async (words) => {
    const end = setTimeout(() => wake('late'), LINE_MS);
    try {
      for (;;) {
        const index = seen.findIndex((line) => line.includes(words));
        const skipped = seen.splice(0, index < 0 ? seen.length : index + 1);
        all.push(...skipped);
        if (index >= 0) return skipped.at(-1).slice(skipped.at(-1).indexOf(words) + words.length + 1);
        const why = await new Promise((resolve) => {
          wake = resolve;
        });
        if (why === 'late') throw new Error(`no line with '${words}':\n${all.join('\n')}`);
      }
    } finally {
      clearTimeout(end);
    }
  };
}

function ask(port, agent) {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, agent }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    request.on('error', reject);
  });
}

/** @returns what each of so many stops took by its report, in milliseconds */
async function restart(folder, { command, both }, options, restarts) {
  const file = join(folder, command.split(' ').at(-1));
  let text = server({ ...both, ...options });
  writeFileSync(file, text);
  const { NODE_OPTIONS: _, ...env } = process.env;
  // A terminal, which script(1) makes.
  const child = spawn('script', ['-qec', `exec ${command}`, '/dev/null'], {
    cwd: folder,
    env: { ...env, PATH: `${join(folder, 'node_modules/.bin')}:${env.PATH}` },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const line = readLines(child);
  const stops = [];
  try {
    for (let port = Number(await line('ready')); ; port = Number(await line('ready'))) {
      const agent = new Agent({ keepAlive: true });
      const status = await ask(port, agent);
      if (status !== 200) throw new Error(`answered ${status}`);
      if (stops.length === restarts) return stops;
      const silent = connect(port, '127.0.0.1').on('error', () => {});
      silent.resume();
      await line('connection');
      await line('connection');
      // Watchers look at what they watch a moment after they have started the program.
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      text += '// changed\n';
      writeFileSync(file, text);
      const [clean, took] = (await line('stopped')).split(' ');
      if (clean !== 'true') throw new Error('the stop was not clean');
      stops.push(Number(took));
      agent.destroy();
      silent.destroy();
    }
  } finally {
    // The key: a watcher that is killed leaves its program behind.
    child.stdin.write('\u0003');
    const killed = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await new Promise((resolve) => child.once('close', resolve));
    clearTimeout(killed);
  }
}

const median = (values) => Math.round(values.toSorted((a, b) => a - b)[values.length >> 1]);

/**
 * @param folder - has the packages of `install` and ours
 * @param cheap - one stop each, as the page says alone
 * @returns how many of the watchers were not right
 */
export async function tryWatchers(folder, cheap) {
  if (spawnSync('script', ['--version']).status !== 0) throw new Error('there is no script(1)');
  let failed = 0;
  for (const watcher of watchers) {
    const after = median(await restart(folder, watcher, watcher.options, cheap ? 1 : 3));
    if (after > LIMIT_MS) failed += 1;
    const before = cheap
      ? ''
      : `, ${median(await restart(folder, watcher, { development: false }, 3))} ms as in production`;
    const named = { ...watcher.both, ...watcher.options };
    const options = Object.keys(named).length === 0 ? '' : ` ${JSON.stringify(named)}`;
    console.log(
      `${after > LIMIT_MS ? 'not ok' : 'ok'} ${watcher.command}${options}: a stop of ${after} ms${before}`,
    );
  }
  return failed;
}
