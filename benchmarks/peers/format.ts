import { formatTime } from '@graceful-cluster/probe/format';
import { formatNumber } from '../helpers/numbers.ts';
import type { Summary } from './results.ts';

/** 0, 0.3 or 61: no mean of a loss is ever written as 0. */
export function formatLost({ lost: { mean } }: Summary): string {
  if (mean === 0) return '0';
  return formatNumber(mean, mean < 0.1 ? 2 : mean < 10 ? 1 : 0);
}

/** With ">" for one that stayed as long as there were clients. */
export function formatOver({ over, outlasted }: Summary): string {
  return `${outlasted ? '> ' : ''}${formatTime(over.median)}`;
}
