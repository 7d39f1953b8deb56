import { clearInterval, setInterval } from '../clock.ts';
import type { ShutdownReport, State } from '../api/report.ts';
import { thisWorker } from '../process/node-cluster.ts';
import { docsLink } from '../api/docs.ts';
import { notice } from '../process/notice.ts';
import { createStatusLine } from '../process/status-line.ts';
import type { Events } from './events.ts';
import { explainDegraded, explainReport, joinSome, words } from './explain.ts';
import type { CoordinatorControls } from './role.ts';

/** How often the line at a terminal is drawn, in milliseconds. A stop that is over sooner never shows it. */
const DRAW_MS = 500;

/** What a coordinator without a logger says on stderr: nothing about a clean stop, why about any other. */
export interface Voice {
  /** Another process decided on the shutdown, and says what there is to say. */
  readonly leaveToPrimary: () => void;
}

export function createVoice(events: Events, progress: CoordinatorControls['progress']): Voice {
  let speaking = true;
  let stopDrawing = (): void => {};

  events.on('state', ({ state, previous }) => {
    if (previous === 'running' && speaking && thisWorker() === undefined && process.stderr.isTTY) {
      stopDrawing = drawProgress(events, progress, state);
    }
  });
  events.on('stopped', (report) => {
    stopDrawing();
    if (speaking) tellReport(report);
  });
  return {
    leaveToPrimary: () => {
      speaking = false;
    },
  };
}

function tellReport(report: ShutdownReport): void {
  for (const degraded of explainDegraded(report)) notice(`${degraded}: ${docsLink('listeners.md')}`);
  // Other systems than Linux can count no accept queue: each of their stops would say so.
  if (report.clean || (report.exitCode === 0 && process.platform !== 'linux')) return;
  const why = joinSome(explainReport(report), '; ');
  notice(`the stop was not clean (${report.reason}, ${words(report.duration)}): ${why}`);
  notice(`why, and what to do about it: ${docsLink('troubleshooting.md#not-clean')}`);
}

/** Shows at a terminal, in place, what a stop waits for. Returns a function that takes the line away. */
function drawProgress(events: Events, progress: CoordinatorControls['progress'], first: State): () => void {
  const line = createStatusLine(process.stderr);
  let state = first;
  const off = events.on('state', (next) => {
    state = next.state;
  });
  const timer = setInterval(() => line.draw(describe(state, progress())), DRAW_MS).unref();
  return () => {
    clearInterval(timer);
    off();
    line.clear();
  };
}

function describe(state: State, { counts, waiting }: ReturnType<CoordinatorControls['progress']>): string {
  const stopping = 'Stopping (Ctrl-C again to force)';
  if (state === 'delaying') return `${stopping}: serving until the delay is over`;
  if (state === 'cleanup') return `${stopping}: hooks are running`;
  const named = joinSome(waiting, ', ');
  const idle = counts.idle === 1 ? '1 idle connection' : `${counts.idle} idle connections`;
  return `${stopping}: waiting for ${named || idle}`;
}
