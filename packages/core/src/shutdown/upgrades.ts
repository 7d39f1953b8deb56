import type { Socket } from 'node:net';
import { expected } from '../api/errors.ts';
import type { EndUpgraded } from '../api/coordinator.ts';
import { containRejection } from './containment.ts';

/** What the application said about how its upgraded connections end. */
export interface Upgrades {
  /** Returns a function that takes it off again. @throws ERR_GRACEFUL_INVALID_ARGUMENT */
  readonly add: (end: EndUpgraded) => () => void;
  /** Asks one after the other; true if one of them takes care of the connection. */
  readonly end: (socket: Socket) => boolean;
}

/** @param failed - called with what one of them threw or rejected with: the next is asked all the same */
export function createUpgrades(failed: (error: unknown) => void): Upgrades {
  const enders = new Set<EndUpgraded>();
  return {
    add: (end) => {
      if (typeof end !== 'function') {
        throw expected('ERR_GRACEFUL_INVALID_ARGUMENT', 'end', 'a function', end);
      }
      enders.add(end);
      return () => {
        enders.delete(end);
      };
    },
    end: (socket) => {
      for (const end of enders) {
        try {
          const returned: unknown = end(socket);
          containRejection(failed, returned);
          if (returned) return true;
        } catch (error) {
          failed(error);
        }
      }
      return false;
    },
  };
}
