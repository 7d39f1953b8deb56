import type { Events } from './events.ts';
import type { Logger } from '../api/logger.ts';
import { explainReport, joinSome, words } from './explain.ts';

/** Writes the events of a coordinator to a logger: at most one line a second while it drains. */
export function logEvents(logger: Logger, events: Events): void {
  events.on('state', ({ state, previous }) => logger.debug({ state, previous }, `shutdown: ${state}`));
  events.on('closing', ({ reason }) => logger.info({ reason }, `shutdown: listeners close (${reason})`));
  events.on('progress', (progress) => {
    const { inFlight, idle, left, waiting } = progress;
    const named = waiting.length > 0 ? `: ${waiting.join('; ')}` : '';
    const counts = `${inFlight} in flight, ${idle} idle, ${words(left)} left`;
    logger.info(progress, `shutdown: ${counts}${named}`);
  });
  events.on('retired', ({ reason, worker }) => {
    const { id, pid, outcome } = worker;
    logger.info({ reason, worker }, `worker ${id} (pid ${pid}) ${outcome} (${reason})`);
  });
  events.on('stopped', (report) => {
    const after = words(report.duration);
    if (report.clean) {
      logger.info({ report }, `shutdown: clean after ${after}`);
      return;
    }
    const level = report.exitCode === 0 ? 'warn' : 'error';
    const why = joinSome(explainReport(report), '; ');
    logger[level]({ report }, `shutdown: not clean after ${after}: ${why}`);
  });
}
