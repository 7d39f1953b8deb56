import { constants } from 'node:os';
import type { ShutdownReport, ConnectionCounts } from '../api/report.ts';

/** Whether what came over IPC has the shape that the sender's version of this package gave it. */
type Shape = (value: unknown) => boolean;

const isNumber: Shape = (value) => typeof value === 'number' && Number.isFinite(value);
const isBoolean: Shape = (value) => typeof value === 'boolean';
const isString: Shape = (value) => typeof value === 'string';
const listOf =
  (shape: Shape): Shape =>
  (value) =>
    Array.isArray(value) && value.every(shape);

/** An object with at least these fields. */
function objectOf(shapes: Readonly<Record<string, Shape>>): Shape {
  return (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(shapes).every(([key, shape]) => shape((value as Readonly<Record<string, unknown>>)[key]));
}

const counts = objectOf({ open: isNumber, inFlight: isNumber, idle: isNumber });

const cutConnection = objectOf({ kind: isString, name: isString, requests: isNumber, lost: isBoolean });

const report = objectOf({
  reason: isString,
  clean: isBoolean,
  exitCode: isNumber,
  duration: isNumber,
  phases: objectOf({}),
  listeners: listOf(objectOf({})),
  connections: objectOf({
    open: isNumber,
    answered: isNumber,
    idle: isNumber,
    gone: isNumber,
    cut: listOf(cutConnection),
  }),
  requests: objectOf({ inFlight: isNumber, served: isNumber, cut: isNumber }),
  hooks: listOf(objectOf({ name: isString })),
  workers: listOf(objectOf({})),
  errors: listOf(isString),
});

export function isSignal(value: unknown): value is NodeJS.Signals {
  return typeof value === 'string' && Object.hasOwn(constants.signals, value);
}

export function isStringList(value: unknown): value is readonly string[] {
  return listOf(isString)(value);
}

export function isCounts(value: unknown): value is ConnectionCounts {
  return counts(value);
}

export function isReport(value: unknown): value is ShutdownReport {
  return report(value);
}
