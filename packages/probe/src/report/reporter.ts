import type { ProbeEvents } from '../run/probe.ts';
import type { Report } from './report.ts';

/** One way to tell what was found. `report/all.ts` lists them. */
export interface Reporter {
  /** Called while the probe is at work. */
  readonly events: ProbeEvents;
  /** Takes away what it showed meanwhile. */
  readonly clear?: () => void;
  /** What to print at the end. */
  readonly render: (report: Report) => string;
}

export const silentEvents: ProbeEvents = {
  surveying() {},
  surveyed() {},
  started() {},
  progress() {},
  ended() {},
};
