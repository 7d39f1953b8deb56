import { quietTurns } from '../accept-queue.ts';
import type { SealMethod } from './seal.ts';

/** Longest wait for a quiet moment, in milliseconds: the listener is still open. */
const LIMIT_MS = 250;

/** Closes in the first moment without new connections, where nothing better can be done. */
export const none: SealMethod = {
  seal: 'none',
  apply: () => undefined,
  finish: async (target, close) => {
    await quietTurns(target, LIMIT_MS);
    close();
  },
};
