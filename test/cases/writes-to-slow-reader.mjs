// Writes its log by `fs.writeSync(1)`, more than a pipe holds, and the reader is slow. Right: as in plain Node each write waits
// for the reader (no EAGAIN): hook done, request answered, exit 0.
import fs from 'node:fs';
import { createCoordinator } from '@graceful-cluster/core';
import { ask, control, play, role, serve, sleep, verdict } from './lib.mjs';

const LENGTH = 300_000;

if (role === undefined) {
  const its = await play('program');
  if (!control) its.child.stdout.pause();
  const answer = ask(its.message, '/slow?ms=500');
  await sleep(200);
  its.stop();
  setTimeout(() => its.child.stdout.resume(), 1500);
  const code = await its.exit;
  const request = await answer;
  const right = request === 200 && code === 0 && its.out.length === LENGTH && its.err === '';
  verdict(right, `request ${request}, exit ${code}, ${its.out.length} bytes logged ${its.err.trim()}`);
} else {
  const coordinator = createCoordinator();
  coordinator.attach(await serve());
  coordinator.onShutdown('log', () => void fs.writeSync(1, 'y'.repeat(LENGTH)));
}
