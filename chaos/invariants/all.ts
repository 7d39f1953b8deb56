import type { Seen } from '../run.ts';
import { checkClients } from './clients.ts';
import { checkEnding } from './ending.ts';
import { checkProgram } from './program.ts';
import { checkReports } from './reports.ts';

/** What no fault of the scenario explains; empty where all is as it has to be. */
export function findUnexplained(seen: Seen): readonly string[] {
  return [...checkEnding(seen), ...checkClients(seen), ...checkReports(seen), ...checkProgram(seen)];
}
