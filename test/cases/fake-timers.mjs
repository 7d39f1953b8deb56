// A test has put fake timers in the place of Node's, which stand still, and closes its Fastify app. Right: `app.close()` resolves, as
// without the plugin, and a signal ends the process, exit 0.
import Fastify from 'fastify';
import gracefulCluster from '@graceful-cluster/fastify';
import { control, test } from './lib.mjs';

const NAMES = ['setTimeout', 'setInterval', 'setImmediate'];

await test({
  slow: 0,
  program: async () => {
    const app = Fastify();
    const other = Fastify();
    await app.register(gracefulCluster);
    await other.register(gracefulCluster);
    for (const each of [app, other]) await each.listen({ port: 0, host: '127.0.0.1' });
    if (!control) for (const name of NAMES) globalThis[name] = () => ({ unref: () => {}, ref: () => {} });
    await app.close();
    console.log('closed');
    process.send(other.server.address().port);
  },
  right: ({ code, out, ms }) => code === 0 && out.includes('closed') && ms < 3000,
});
