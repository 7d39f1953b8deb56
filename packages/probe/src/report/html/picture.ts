import { scaleLinear, type ScaleLinear } from 'd3-scale';
import type { AttemptRecord } from '../../measure/attempt.ts';
import { formatCount, formatTime } from '../../measure/numbers.ts';
import { countAttempts, isLost, outcomeNames, outcomes, type Outcome } from '../../measure/outcome.ts';
import type { Round } from '../../stop/round.ts';
import { describeStop } from '../../stop/stop.ts';
import { TIMELINE_BEFORE_MS } from '../../measure/timeline.ts';
import { html, raw, type Markup } from '../markup.ts';

/** Units of the drawing, which is stretched to its place. */
const WIDTH = 1_000;
const HEIGHT = 1_000;
/** Least distance of a number from the sides. */
const EDGE = 30;
/** Largest part of the height for connections that were refused. */
const MAX_REFUSED_BAND = 0.2;
/** Below this share of the width, an attempt is a dot. */
const MIN_LINE_SHARE = 0.003;

interface Mark {
  readonly name: string;
  readonly label: string;
  readonly at: number;
}

/**
 * A shutdown as a picture: each connection a line, the first at the top, coloured by what became of its requests, with
 * the signal, the first refusal and the exit marked. Words are beside the drawing, so that they do not shrink with it.
 */
export function renderPicture(round: Round): Markup {
  const answeredOrLost = round.timeline.filter(({ outcome }) => outcome !== 'refused');
  const marks = findMarks(round);
  // Refusals after the exit only show that there was load; but the first one may be later, and its mark is inside.
  const ends = [...marks.map(({ at }) => at), ...answeredOrLost.map(({ ended }) => ended)];
  const end = Math.max(50, ...ends) * 1.04;
  const records = round.timeline.filter(({ started }) => started < end);
  const x = scaleLinear([-TIMELINE_BEFORE_MS, end], [0, WIDTH]);
  const heights = placeConnections(records);
  const y = ({ connection }: AttemptRecord): number => heights.get(connection) ?? 0;

  const layers = outcomes.map((outcome) => {
    const shapes = records.filter((record) => record.outcome === outcome);
    return shapes.length === 0 ? undefined : drawLayer(outcome, shapes, x, y);
  });
  return html`<figure class="picture">
    <div class="marks">${marks.map((mark) => renderMark(mark, x))}</div>
    <div class="plot">
      <svg
        viewBox="0 0 ${WIDTH} ${HEIGHT}"
        preserveAspectRatio="none"
        role="img"
        aria-label="${describe(records, round)}"
      >
        ${layers.filter((layer) => layer !== undefined)}
      </svg>
      ${marks.map(({ name, at }) => html`<i class="line ${name}" style="left:${percent(x(at))}"></i>`)}
    </div>
    <div class="axis">${renderTicks(x)}</div>
    <figcaption>${describe(records, round)}</figcaption>
  </figure>`;
}

/** Connections in the order of their start; those that were refused have a band of their own at the bottom. */
function placeConnections(records: readonly AttemptRecord[]): Map<number, number> {
  const accepted = new Set<number>();
  for (const { connection, outcome } of records) if (outcome !== 'refused') accepted.add(connection);
  const refused = new Set(records.map(({ connection }) => connection).filter((one) => !accepted.has(one)));
  const share = refused.size / Math.max(1, accepted.size + refused.size);
  const band = HEIGHT * (accepted.size === 0 ? 1 : Math.min(share, MAX_REFUSED_BAND));
  const heights = new Map<number, number>();
  const place = (connections: ReadonlySet<number>, from: number, to: number): void => {
    const step = (to - from) / Math.max(1, connections.size);
    [...connections].forEach((one, index) => heights.set(one, from + (index + 0.5) * step));
  };
  place(accepted, 0, HEIGHT - band);
  place(refused, HEIGHT - band, HEIGHT);
  return heights;
}

function drawLayer(
  outcome: Outcome,
  records: readonly AttemptRecord[],
  x: ScaleLinear<number, number>,
  y: (record: AttemptRecord) => number,
): Markup {
  const lines: string[] = [];
  const dots: string[] = [];
  for (const record of records) {
    const from = Math.max(0, x(record.started));
    const to = Math.min(WIDTH, x(record.ended));
    const height = y(record).toFixed(1);
    if (to - from > MIN_LINE_SHARE * WIDTH) lines.push(`M${from.toFixed(1)} ${height}H${to.toFixed(1)}`);
    // A line without a length is drawn as its round ends: a dot that is not stretched.
    if (isLost(outcome) || to - from <= MIN_LINE_SHARE * WIDTH) dots.push(`M${to.toFixed(1)} ${height}h0`);
  }
  return html`<g class="${outcome}"
    ><title>${outcomeNames[outcome]}</title>${raw(
      `<path class="lines" d="${lines.join('')}"/><path class="dots" d="${dots.join('')}"/>`,
    )}</g
  >`;
}

function findMarks(round: Round): Mark[] {
  const { signalToRefused, signalToExit, exit, killed } = round;
  const marks: Mark[] = [{ name: 'signal', label: describeStop(round), at: 0 }];
  if (signalToRefused !== null) {
    marks.push({ name: 'refusal', label: `refused, ${formatTime(signalToRefused)}`, at: signalToRefused });
  }
  const how = killed ? 'killed' : exit.signal ? `died of ${exit.signal}` : 'exit';
  marks.push({ name: 'exit', label: `${how}, ${formatTime(signalToExit)}`, at: signalToExit });
  return marks;
}

function renderMark({ name, label, at }: Mark, x: ScaleLinear<number, number>): Markup {
  const left = x(at);
  const side = left > WIDTH * 0.55 ? 'before' : 'after';
  return html`<div class="mark ${name}">
    <span class="${side}" style="left:${percent(left)}">${label}</span>
  </div>`;
}

function renderTicks(x: ScaleLinear<number, number>): Markup[] {
  const ticks = x.ticks(6);
  const seconds = Math.max(...ticks) >= 2_000;
  const inside = ticks.filter((tick) => x(tick) > EDGE && x(tick) < WIDTH - EDGE);
  return inside.map((tick) => {
    const text = seconds ? `${tick / 1_000} s` : `${tick} ms`;
    return html`<span style="left:${percent(x(tick))}">${text}</span>`;
  });
}

function percent(position: number): string {
  return `${((position / WIDTH) * 100).toFixed(2)}%`;
}

function describe(records: readonly AttemptRecord[], { counts }: Round): string {
  const shown = new Set(records.map(({ connection }) => connection)).size;
  const choice = records.length < countAttempts(counts) ? ', a choice of all that were made' : '';
  return `${formatCount(shown)} connections around the signal${choice}: each is a line, the first at the top.`;
}
