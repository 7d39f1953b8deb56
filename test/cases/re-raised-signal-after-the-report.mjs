// A library sends the signal again when the report is done and the `exit` function of the program still works. Right:
// the function is called once, and ends what it does; exit 0.
import { createCoordinator } from '@graceful-cluster/core';
import { control, serve, sleep, test } from './lib.mjs';

await test({
  slow: 300,
  program: async () => {
    const exit = async (code) => {
      console.log('exit function', code);
      await sleep(1500);
      console.log('sent');
      process.exit(code);
    };
    createCoordinator({ exit }).attach(await serve());
    process.on('SIGTERM', async () => {
      await sleep(800);
      if (!control) process.kill(process.pid, 'SIGTERM');
    });
  },
  right: ({ request, code, out }) => request === 200 && code === 0 && out === 'exit function 0\nsent\n',
});
