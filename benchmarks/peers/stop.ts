import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLost, outcomes, runRound, type Round } from '@graceful-cluster/probe';
import { tryListen } from '../helpers/client.ts';
import type { Contender } from './contenders.ts';
import type { Stop } from './results.ts';

export interface StopOptions {
  readonly node: string;
  readonly backendPort: number;
  /** The number of the round, which decides when the clients think. */
  readonly seed: number;
}

/** Starts a contender, puts the load on it, and stops it. Nothing of it is left afterwards. */
export async function stopUnderLoad(
  contender: Contender,
  { node, backendPort, seed }: StopOptions,
): Promise<{ stop: Stop; round: Round }> {
  const workspace = mkdtempSync(join(tmpdir(), 'peers-'));
  const remove = (): void => rmSync(workspace, { recursive: true, force: true });
  process.once('exit', remove);
  const port = await findPort();
  try {
    const round = await runRound({
      command: contender.command({ node, workspace }),
      env: {
        PORT: String(port),
        BACKEND_PORT: String(backendPort),
        WORKSPACE: workspace,
        PYTHONDONTWRITEBYTECODE: '1',
      },
      address: { host: '127.0.0.1', port },
      signal: contender.signal,
      load: { seed },
      warmup: contender.warmup ?? 1_000,
      startTimeout: 30_000,
    });
    return { stop: summarizeRound(round), round };
  } finally {
    remove();
    process.off('exit', remove);
  }
}

/** Below the ports that Linux gives to clients, which are many here. */
export async function findPort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (await tryListen(port)) return port;
  }
}

function summarizeRound(round: Round): Stop {
  const before = round.lost.filter(({ ended }) => ended < 0);
  const of = (outcome: string): number => before.filter((lost) => lost.outcome === outcome).length;
  const lost = outcomes
    .filter(isLost)
    .map((outcome) => [outcome, round.counts[outcome] - of(outcome)] as const)
    .filter(([, count]) => count > 0);
  const { code, signal } = round.exit;
  return {
    answered: round.counts.answered,
    refused: round.counts.refused,
    lost: Object.fromEntries(lost),
    lostBefore: round.lostBeforeSignal,
    over: round3(round.signalToExit - (round.lastOwedAnswer ?? 0)),
    outlasted: round.outlastedLoad,
    exit: round.killed ? 'killed by us' : (signal ?? `code ${code}`),
    lag: round3(round.lag.max),
    load: round3(loadavg()[0] ?? NaN),
  };
}

const round3 = (value: number): number => Math.round(value * 1_000) / 1_000;
