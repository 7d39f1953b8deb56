import { createLogUpdate } from 'log-update';
import pc from 'picocolors';
import { formatCount } from '../measure/numbers.ts';
import { countLost } from '../measure/outcome.ts';
import type { ScenarioResult } from '../run/probe.ts';
import type { Progress } from '../stop/stop.ts';
import { describePlan, type ProgressOptions, type ProgressView } from './progress.ts';
import { alignCells, titleLines, type Cell } from './table.ts';
import { heading, resultLine } from './terminal.ts';

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** The table as it fills, in place, for a terminal. */
export function createLiveProgress(options: ProgressOptions, terminal: NodeJS.WriteStream): ProgressView {
  const { title, colours, width, scenarios, stop, rounds } = options;
  const paint = pc.createColors(colours);
  const log = createLogUpdate(terminal);
  const results = new Map<string, ScenarioResult>();
  let running: readonly string[] = [];
  let doing = 'starting the server to see what it can do';
  let plan = '';
  let frame = 0;
  let round = 1;

  function show(): void {
    frame += 1;
    const spin = spinner[frame % spinner.length] ?? '';
    const lines = scenarios.map((name): Cell[] => {
      const result = results.get(name);
      if (result) return resultLine(result);
      if (!running.includes(name)) return [{ text: `  ${name}`, colour: 'dim' }, { text: '' }];
      return [{ text: `${spin} ${name}` }, { text: running[0] === name ? doing : '', colour: 'dim' }];
    });
    const survey = running.length === 0 && results.size === 0 ? `${spin} ${doing}` : '';
    const table = alignCells([...titleLines([{ text: '' }]), ...lines], { colours, width });
    log(`${heading(title, paint)}\n${table}\n\n${paint.dim(survey || plan)}`);
  }

  return {
    events: {
      surveying: show,
      surveyed(found) {
        plan = `${found.url}, ${describePlan(found.plan)}`;
        show();
      },
      started(names, number) {
        running = names;
        round = number;
        doing = 'starting';
        show();
      },
      progress(progress) {
        doing = describe(progress, stop, rounds > 1 ? `round ${round}/${rounds}  ` : '');
        show();
      },
      ended(result) {
        results.set(result.name, result);
        show();
      },
    },
    clear: () => log.clear(),
  };
}

function describe({ phase, counts }: Progress, stop: string, prefix: string): string {
  if (!counts) return `${prefix}starting`;
  const numbers = `${formatCount(counts.answered)} answered, ${formatCount(counts.refused)} refused, ${formatCount(countLost(counts))} lost`;
  const state = phase === 'load' ? 'load' : phase === 'signalled' ? stop : 'ending';
  return `${prefix}${state}  ${numbers}`;
}
