// Logs for the first time in its life in the handler of the signal, and has a timer that nothing ends. Right: request answered, the
// line is there, exit 0 in no time: a log line is no cleanup.
import { createCoordinator } from '@graceful-cluster/core';
import { control, serve, test } from './lib.mjs';

await test({
  slow: 500,
  program: async () => {
    createCoordinator().attach(await serve());
    setInterval(() => {}, 1000);
    if (!control) process.on('SIGTERM', () => console.log('stopping'));
  },
  right: ({ request, code, out, ms }) =>
    request === 200 && code === 0 && ms < 3000 && out === (control ? '' : 'stopping\n'),
});
