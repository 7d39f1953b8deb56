import { formatCount, formatTime, median } from '../../measure/numbers.ts';
import { countLost, sumCounts, type Counts } from '../../measure/outcome.ts';
import type { ScenarioResult } from '../../run/probe.ts';
import type { Round } from '../../stop/round.ts';
import { html, type Markup } from '../markup.ts';
import { statusMarks } from '../words.ts';

interface Column {
  readonly title: string;
  /** Whether a phone leaves the column out. Its numbers are in the cards as well. */
  readonly wide: boolean;
  readonly cell: (counts: Counts, rounds: readonly Round[]) => string | number;
  /** Whether anything but 0 is a loss. */
  readonly loss?: boolean;
}

const columns: readonly Column[] = [
  { title: 'lost', wide: false, loss: true, cell: countLost },
  { title: 'answered', wide: true, cell: ({ answered }) => formatCount(answered) },
  { title: 'refused', wide: true, cell: ({ refused }) => formatCount(refused) },
  { title: 'reset', wide: true, loss: true, cell: (counts) => counts.reset + counts['reset-before-accept'] },
  { title: 'empty reply', wide: true, loss: true, cell: ({ empty }) => empty },
  { title: 'cut', wide: true, loss: true, cell: ({ cut }) => cut },
  { title: '4xx, 5xx', wide: true, loss: true, cell: ({ unavailable }) => unavailable },
  { title: 'hung', wide: true, loss: true, cell: ({ hung }) => hung },
  {
    title: 'signal → refused',
    wide: false,
    cell: (_, rounds) => medianTime(rounds.map(({ signalToRefused }) => signalToRefused)),
  },
  {
    title: 'signal → exit',
    wide: false,
    cell: (_, rounds) => medianTime(rounds.map(({ signalToExit }) => signalToExit)),
  },
];

/** A line for each scenario that was run. */
export function renderSummary(run: readonly ScenarioResult[]): Markup {
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th>scenario</th>
          ${columns.map(({ title, wide }) => html`<th class="${wide ? 'wide' : ''}">${title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${run.map(renderRow)}
      </tbody>
    </table>
  </div>`;
}

function renderRow({ name, status, rounds }: ScenarioResult): Markup {
  const counts = sumCounts(rounds);
  return html`<tr>
    <td><span class="tick ${status}">${statusMarks[status]}</span><a href="#${name}">${name}</a></td>
    ${columns.map((column) => renderCell(column, counts, rounds))}
  </tr>`;
}

function renderCell({ wide, loss, cell }: Column, counts: Counts, rounds: readonly Round[]): Markup {
  const value = cell(counts, rounds);
  const kind = loss ? (value === 0 ? 'zero' : 'loss') : '';
  const text = typeof value === 'number' ? formatCount(value) : value;
  return html`<td class="${wide ? 'wide' : ''} ${kind}">${text}</td>`;
}

function medianTime(times: readonly (number | null)[]): string {
  const time = median(times.filter((value) => value !== null));
  return time === undefined ? '–' : formatTime(time);
}
