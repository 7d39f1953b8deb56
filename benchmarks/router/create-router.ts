import { Agent, request } from 'node:http';

/** How a request ended, in Heroku's words (devcenter.heroku.com/articles/error-codes). */
export type Routed =
  | 'ok'
  /** Connection closed without a response. */
  | 'H13'
  /** Server request interrupted: the response began, and did not end. */
  | 'H18'
  /** Backend connection refused, by every dyno there is. */
  | 'H21';

/** A router like Heroku's: a dyno that refuses is passed over, one that accepted is held to an answer. */
export interface Router {
  readonly add: (port: number) => void;
  readonly remove: (port: number) => void;
  readonly send: (method: 'GET' | 'POST') => Promise<Routed>;
  /** Connects that were refused and went elsewhere. */
  readonly rerouted: () => number;
  readonly close: () => void;
}

type Outcome = Routed | 'refused';

export function createRouter({ keepAlive }: { readonly keepAlive: boolean }): Router {
  const dynos = new Set<number>();
  const agent = new Agent({ keepAlive, maxFreeSockets: 64 });
  let refused = 0;

  async function send(method: 'GET' | 'POST'): Promise<Routed> {
    // A random one first, then the others.
    const ports = [...dynos].toSorted(() => Math.random() - 0.5);
    for (const port of ports) {
      const outcome = await ask(agent, port, method);
      if (outcome !== 'refused') return outcome;
      refused += 1;
    }
    return 'H21';
  }

  return {
    add: (port) => void dynos.add(port),
    remove: (port) => void dynos.delete(port),
    send,
    rerouted: () => refused,
    close: () => agent.destroy(),
  };
}

function ask(agent: Agent, port: number, method: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path: '/', agent }, (response) => {
      response.resume();
      response.on('error', () => resolve('H18'));
      response.on('end', () => resolve(response.statusCode === 200 ? 'ok' : 'H18'));
    });
    sent.on('error', (error: NodeJS.ErrnoException) => {
      // The router's own, of which no dyno knows.
      if (error.code === 'EADDRNOTAVAIL' || error.code === 'EMFILE') reject(error);
      else resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'H13');
    });
    sent.end(method === 'POST' ? 'x'.repeat(300) : undefined);
  });
}
