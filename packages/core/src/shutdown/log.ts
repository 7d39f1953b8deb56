import type { Events } from './events.ts';
import type { Logger } from '../api/logger.ts';

/** Writes the events of a coordinator to a logger: at most one line a second while it drains. */
export function logEvents(logger: Logger, events: Events): void {
  events.on('state', ({ state, previous }) => logger.debug({ state, previous }, `shutdown: ${state}`));
  events.on('closing', ({ reason }) => logger.info({ reason }, `shutdown: listeners close (${reason})`));
  events.on('progress', (progress) => {
    const { inFlight, idle, left, waiting } = progress;
    const named = waiting.length > 0 ? `: ${waiting.join('; ')}` : '';
    const counts = `${inFlight} in flight, ${idle} idle, ${(left / 1_000).toFixed(1)} s left`;
    logger.info(progress, `shutdown: ${counts}${named}`);
  });
  events.on('stopped', (report) => {
    const seconds = (report.duration / 1_000).toFixed(1);
    if (report.clean) logger.info({ report }, `shutdown: clean after ${seconds} s`);
    else logger.error({ report }, `shutdown: not clean after ${seconds} s`);
  });
}
