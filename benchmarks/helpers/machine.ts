import { execFileSync, spawnSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release } from 'node:os';
import { fileURLToPath } from 'node:url';

const SERVER_CORE = '0';
const CLIENT_CORE = '1';

const works = (...args: string[]): boolean => spawnSync('taskset', args, { stdio: 'ignore' }).status === 0;

/** Whether servers have a core of their own. */
export const pinned: boolean =
  process.platform === 'linux' &&
  works('-c', SERVER_CORE, 'true') &&
  works('-acp', CLIENT_CORE, String(process.pid));

/** A command that runs on the core of the servers. All else of a benchmark is on the other one. */
export function onServerCore(command: readonly string[]): readonly string[] {
  return pinned ? ['taskset', '-c', SERVER_CORE, ...command] : command;
}

/** Prints what was measured, where, and how busy the machine was with other things. */
export function printHeader(question: string, node: string): void {
  const version = execFileSync(node, ['-p', 'process.version'], { encoding: 'utf8' }).trim();
  const [model = 'unknown processor'] = cpus().map((cpu) => cpu.model.trim());
  const cores = pinned
    ? `server on core ${SERVER_CORE}, everything else on core ${CLIENT_CORE} (taskset)`
    : 'not pinned to cores';
  console.log(question);
  console.log(
    `Servers under Node ${version}, clients under Node ${process.version}; listeners: ${trySeal(node)}.`,
  );
  console.log(
    `${availableParallelism()} of ${cpus().length} cores, ${model}, ${process.platform} ${release()}; ${cores}.`,
  );
  printLoad('at the start');
}

/** A load above the number of processes of a benchmark means that others were at work, too. */
export function printLoad(when: string): void {
  const [minute = 0, five = 0] = loadavg();
  console.log(`Load average ${when}: ${minute.toFixed(2)} (1 min), ${five.toFixed(2)} (5 min).`);
}

/** How the coordinator closes a TCP listener under this Node, here. */
function trySeal(node: string): string {
  const program = fileURLToPath(new URL('print-seal.js', import.meta.url));
  return execFileSync(node, [program], { encoding: 'utf8', timeout: 15_000 }).trim();
}
