import type { Server } from 'node:net';
import type { Role } from './role.ts';

/** Whether a process is ready: a server in its coordinator's care listens, and `setReady(false)` does not hold. */
export interface Readiness {
  readonly listening: () => boolean;
  readonly willing: () => boolean;
  /** The parts of a role that follow `setReady` and the servers. */
  readonly role: Pick<Role, 'readyChanged' | 'attached'>;
}

export function createReadiness(changed: () => void): Readiness {
  let listening = false;
  let willing = true;
  return {
    listening: () => listening,
    willing: () => willing,
    role: {
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
