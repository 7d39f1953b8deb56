import { syncBuiltinESMExports } from 'node:module';
import { pathToFileURL } from 'node:url';
import { nodeCluster } from '../../process/node-cluster.ts';

/**
 * Preloads `file` in workers, as it was preloaded in this process. Flags that the program has for them
 * (`setupPrimary({ execArgv })`, a `NODE_OPTIONS` in `fork(env)`) take the place of those of the primary, `--import`
 * among them: such workers would stop as in plain Node.
 */
export function preloadWorkers(file: string): void {
  const cluster = nodeCluster();
  const fork = cluster.fork.bind(cluster);
  const { execArgv } = process;
  const { NODE_OPTIONS } = process.env;
  const { href } = pathToFileURL(file);
  cluster.fork = (env?: NodeJS.ProcessEnv) => {
    const flags = cluster.settings.execArgv ?? execArgv;
    const options = env?.['NODE_OPTIONS'] ?? process.env['NODE_OPTIONS'];
    const replaced = options !== NODE_OPTIONS || execArgv.some((flag) => !flags.includes(flag));
    if (replaced && !flags.includes(href)) cluster.settings.execArgv = ['--import', href, ...flags];
    return fork(env);
  };
  // Without this, `import { fork } from 'node:cluster'` would still be Node's own function.
  syncBuiltinESMExports();
}
