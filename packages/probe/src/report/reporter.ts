import type { ProbeEvents } from '../run/probe.ts';
import type { Report } from './report.ts';

/** One form of the results. `report/all.ts` lists them. */
export interface Reporter {
  /** Called while the probe is at work. */
  readonly events: ProbeEvents;
  /** Removes what was shown while the probe was at work. */
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
