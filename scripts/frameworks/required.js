// Agents as CommonJS programs load them, and the ways to load us beside one.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const { resolve } = createRequire(import.meta.url);
const ours = (name) => fileURLToPath(new URL(`agents/${name}.cjs`, import.meta.url));

/** The modules of each agent for `--require`, which send to the stand-ins of the test where there are such. */
export const required = {
  'auto-instrumentations-node': [
    ours('auto-instrumentations'),
    resolve('@opentelemetry/auto-instrumentations-node/register'),
  ],
  'dd-trace': [ours('dd-trace'), resolve('dd-trace/init')],
  newrelic: [ours('newrelic')],
};

/** @param register - the paths of our `register`, for --require and for --import */
export function waysToRequire(files, register) {
  const agent = files.flatMap((file) => ['--require', file]);
  const us = ['--require', register.required];
  const before = 'agent first';
  return [
    ...['http', 'express', 'fastify'].map((name) => ({
      way: 'graceful',
      name,
      order: before,
      nodeOptions: agent,
    })),
    { way: 'register', name: 'http', order: before, nodeOptions: [...agent, ...us] },
    { way: 'register', name: 'http', order: 'agent last', nodeOptions: [...us, ...agent] },
    // Node does all of --require before the first --import.
    ...['express', 'fastify'].map((name) => ({
      way: 'register',
      name,
      order: `${before}, --import`,
      nodeOptions: [...agent, '--import', register.imported],
    })),
  ];
}
