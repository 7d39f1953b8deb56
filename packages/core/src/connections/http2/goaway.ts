import { clearTimeout, setTimeout } from '../../clock.ts';
import { silentGrace, type DrainLimits } from '../../drain/limits.ts';
import { linger } from '../linger.ts';
import { createSchedule } from '../schedule.ts';
import type { Session } from './session.ts';

/** Longest wait for the answer to a PING, in milliseconds. */
const PING_LIMIT_MS = 1_000;

/**
 * Says GOAWAY to sessions when their last open stream is closed and the answer to a PING brought no other, or after
 * `keepAliveGrace`. What crosses the GOAWAY is not processed; the client knows that, and may send it elsewhere (RFC
 * 9113, section 8.7). Not at once: undici 7 drops what is in flight when a GOAWAY arrives.
 *
 * No GOAWAY with the highest stream id goes ahead, as the RFC proposes: nghttp2 ignores streams after any GOAWAY but
 * its own shutdown notice, which Node does not offer, and so would break what such a GOAWAY says.
 */
export interface Goaway {
  readonly begin: (entry: Session) => void;
  /** Called when the last stream of a session has closed. */
  readonly whenQuiet: (entry: Session) => void;
  readonly stop: () => void;
}

export function createGoaway(limits: DrainLimits): Goaway {
  const graces = createSchedule(end);

  function whenQuiet(entry: Session): void {
    if (entry.asked || entry.session.destroyed || entry.session.closed) return;
    entry.asked = true;
    const answered = (): void => {
      entry.asked = false;
      if (entry.streams.size === 0) close(entry);
    };
    if (!entry.session.ping(answered)) answered();
  }

  function end(entry: Session): void {
    const { session } = entry;
    if (session.destroyed || session.closed) return;
    if (entry.streams.size === 0) {
      close(entry);
      return;
    }
    // A stream that was on its way when the PING left has arrived when its answer is here.
    entry.timer = setTimeout(close, PING_LIMIT_MS, entry).unref();
    if (!session.ping(() => close(entry))) close(entry);
  }

  function close(entry: Session): void {
    clearTimeout(entry.timer);
    if (entry.session.destroyed || entry.session.closed) return;
    entry.ending ??= entry.streams.size > 0 ? 'answered' : 'idle';
    entry.session.close();
  }

  return {
    begin: (entry) => {
      // Node ends the socket when the last stream is closed, and then waits for the client's FIN for ever.
      entry.socket.once('finish', () => linger(entry.socket));
      const grace = entry.silent ? silentGrace(limits, entry.since, entry.socket) : limits.keepAliveGrace;
      graces.set(entry, grace);
    },
    whenQuiet,
    stop: graces.stop,
  };
}
