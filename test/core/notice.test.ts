import { spawn } from 'node:child_process';
import t from 'tap';

const notice = import.meta.resolve('@graceful-cluster/core').replace(/index\.js$/, 'process/notice.js');

/** Runs a program that has `notice`; resolves with its stderr, in the pieces that were written, and its end. */
async function run(program: string, broken = false) {
  const source = `import { notice } from ${JSON.stringify(notice)};\n${program}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pieces: string[] = [];
  if (broken) child.stderr.destroy();
  else child.stderr.setEncoding('utf8').on('data', (piece: string) => pieces.push(piece));
  child.stdout.resume();
  const end = await new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  return { pieces, ...end };
}

t.test('a text is one line, and told once', async (t) => {
  const { pieces, code } = await run(`notice('first\\n  of all'); notice('first\\n  of all');`);
  t.equal(pieces.join(''), 'graceful-cluster: first of all\n');
  t.equal(code, 0);
});

t.test('what comes within a second is written together when it is over', async (t) => {
  const { pieces } = await run(
    `for (const text of ['a', 'b', 'c']) notice(text); setTimeout(() => notice('d'), 1_300);`,
  );
  t.equal(pieces[0], 'graceful-cluster: a\n');
  t.equal(pieces[1], 'graceful-cluster: b\ngraceful-cluster: c\n');
  t.equal(pieces.slice(2).join(''), 'graceful-cluster: d\n');
});

t.test('nothing is kept back by an exit, or without end', async (t) => {
  const { pieces, code } = await run(
    `for (let i = 0; i < 100; i++) notice('line ' + i); process.exitCode = 7; process.exit();`,
  );
  const lines = pieces.join('').trimEnd().split('\n');
  t.equal(lines.length, 22);
  t.equal(lines.at(-1), 'graceful-cluster: and 79 more lines');
  t.equal(code, 7);
});

t.test('a reader that has gone away does no harm', async (t) => {
  const { code, signal } = await run(
    `setTimeout(() => notice('a'), 100); setTimeout(() => notice('b'), 1_200);`,
    true,
  );
  t.same({ code, signal }, { code: 0, signal: null });
});
