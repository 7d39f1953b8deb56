import { formatCount, formatTime, median } from '../measure/numbers.ts';
import { countAttempts, countLost, sumCounts } from '../measure/outcome.ts';
import type { Plan } from '../run/plan.ts';
import type { ProbeEvents, ScenarioResult } from '../run/probe.ts';
import { statusMarks } from './words.ts';

/** What is shown while the probe is at work. */
export interface ProgressView {
  readonly events: ProbeEvents;
  /** Removes what was shown. */
  clear(): void;
}

export interface ProgressOptions {
  /** The command or process that is probed. */
  readonly title: string;
  /** The signal, or another name of what stops the server. */
  readonly stop: string;
  readonly rounds: number;
  /** Names in the order of the table. */
  readonly scenarios: readonly string[];
  readonly colours: boolean;
  /** Characters in a line. */
  readonly width: number | undefined;
}

const NAME_WIDTH = 15;

/** A line as each scenario ends, for logs. */
export function createLineProgress({ title }: ProgressOptions, print: (line: string) => void): ProgressView {
  return {
    events: {
      surveying: () => print(`graceful-probe: ${title}`),
      surveyed: ({ url, plan }) => print(`${url}, ${describePlan(plan)}`),
      started() {},
      progress() {},
      ended: (result) => print(describeResult(result)),
    },
    clear() {},
  };
}

/** "9 stops, about 20 s (--together: 1 stop, about 3 s)" */
export function describePlan({ stops, time, together }: Plan): string {
  const describe = (count: number, milliseconds: number): string =>
    `${count === 1 ? '1 stop' : `${count} stops`}, about ${Math.ceil(milliseconds / 1_000)} s`;
  const other = together && ` (--together: ${describe(together.stops, together.time)})`;
  return `${describe(stops, time)}${other ?? ''}`;
}

function describeResult({ name, status, reasons, rounds }: ScenarioResult): string {
  const start = `${statusMarks[status]} ${name.padEnd(NAME_WIDTH)}`;
  // The others are in the report.
  if (reasons.length > 0) return `${start} ${reasons[0]}`;
  const counts = sumCounts(rounds);
  const refused = median(
    rounds.map(({ signalToRefused }) => signalToRefused).filter((time) => time !== null),
  );
  const exit = median(rounds.map(({ signalToExit }) => signalToExit));
  const facts = [
    `lost ${formatCount(countLost(counts))} of ${formatCount(countAttempts(counts))}`,
    ...(refused === undefined ? [] : [`refused after ${formatTime(refused)}`]),
    ...(exit === undefined ? [] : [`exit after ${formatTime(exit)}`]),
  ];
  return `${start} ${facts.join(', ')}`;
}
