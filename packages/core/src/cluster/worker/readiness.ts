import type { Server } from 'node:net';
import type { Surroundings } from '../../shutdown/role.ts';

/** Whether a process is ready: a server in its coordinator's care listens, and nobody called `setReady(false)`. */
export interface Readiness {
  readonly listening: () => boolean;
  readonly willing: () => boolean;
  readonly surroundings: Pick<Surroundings, 'readyChanged' | 'attached'>;
}

export function createReadiness(changed: () => void): Readiness {
  let listening = false;
  let willing = true;
  return {
    listening: () => listening,
    willing: () => willing,
    surroundings: {
      readyChanged: (ready) => {
        willing = ready;
        changed();
      },
      attached: (server: Server) => {
        const onListening = (): void => {
          listening = true;
          changed();
        };
        if (server.listening) onListening();
        else server.once('listening', onListening);
      },
    },
  };
}
