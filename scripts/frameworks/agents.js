// A server with an agent that patches Node's http. The agent is loaded by --import; or, with LATE, when the server is
// attached.
import { getCoordinator } from '@graceful-cluster/core';
import { serve } from './programs.js';

const names = ['opentelemetry', 'datadog', 'newrelic'];

const start = (name) => async (given) => {
  const server = await serve(given);
  if (process.env.LATE !== undefined) await import(`./agents/${name}.cjs`);
  if (process.env.FLUSH === 'hook') {
    const { default: agent } = await import(`./agents/${name}.cjs`);
    getCoordinator().onShutdown('telemetry', agent.flush);
  }
  return server;
};

export const agents = Object.fromEntries(names.map((name) => [name, start(name)]));
