import type { Outcome } from '../measure/outcome.ts';

export const outcomeMeanings: Readonly<Record<Outcome, string>> = {
  answered: 'a complete answer',
  refused: 'the client knows at once and goes elsewhere',
  'reset-before-accept': 'the connection was reset while it was being made',
  reset: 'the connection was made and the request written, then came a reset instead of an answer',
  empty: 'the server ended the connection without a byte of the answer',
  cut: 'the answer began and never became complete',
  unavailable: 'a complete response with a 5xx status, or a 4xx one that was not asked for',
  hung: 'nothing of all that in time',
};

export const statusNames = {
  passed: 'passed',
  warning: 'warning',
  failed: 'failed',
  inconclusive: 'inconclusive',
  'not-applicable': 'not applicable',
} as const;

export const statusMarks = {
  passed: '✓',
  warning: '!',
  failed: '✗',
  inconclusive: '?',
  'not-applicable': '–',
} as const;
