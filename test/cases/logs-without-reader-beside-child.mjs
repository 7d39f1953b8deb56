// The reader of its output goes away at the signal (Ctrl-C in `node app | tee`), and a child has inherited the pipe before, which
// makes it blocking again. Right: request answered, hook runs, exit 0.
import { spawnSync } from 'node:child_process';
import { createCoordinator } from '@graceful-cluster/core';
import { ask, control, play, role, serve, sleep, verdict } from './lib.mjs';

if (role === undefined) {
  const its = await play('program');
  const answer = ask(its.message, '/slow?ms=1000');
  await sleep(300);
  if (!control) its.child.stdout.destroy();
  its.stop();
  const code = await its.exit;
  const request = await answer;
  const right = request === 200 && code === 0 && its.err.trim() === 'hook ran';
  verdict(right, `request ${request}, exit ${code} after ${its.ms} ms ${its.err.trim()}`);
} else {
  const coordinator = createCoordinator();
  coordinator.onShutdown('database', () => {
    for (let line = 0; line < 5; line += 1) console.log('closing');
    console.error('hook ran');
  });
  coordinator.on('closing', () => setInterval(() => console.log('still at it'), 50));
  console.log('starting');
  spawnSync(process.execPath, ['-e', '0'], { stdio: 'inherit' });
  coordinator.attach(await serve());
}
