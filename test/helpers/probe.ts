import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What `graceful-probe` did. */
export interface ProbeRun {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Milliseconds it took. */
  readonly took: number;
}

const manifest = import.meta.resolve('@graceful-cluster/probe/package.json');
const { bin } = JSON.parse(readFileSync(fileURLToPath(manifest), 'utf8')) as { bin: Record<string, string> };

export const program: string = fileURLToPath(new URL(bin['graceful-probe'] ?? '', manifest));

// tap puts its own NODE_OPTIONS into whatever a test starts.
export const node: readonly string[] = ['env', '-u', 'NODE_OPTIONS', process.execPath];

export const fixture = (name: string, ...args: string[]): string[] => [
  ...node,
  fileURLToPath(new URL(`../fixtures/${name}.js`, import.meta.url)),
  ...args,
];

/** A program given in the command line. */
export const evaluate = (text: string): string[] => [...node, '-e', text];

/** Runs the command line to its end. */
export function runProbe(args: readonly string[], env: Record<string, string> = {}): Promise<ProbeRun> {
  const startedAt = performance.now();
  const [command = '', ...rest] = [...node, program, ...args];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr, took: performance.now() - startedAt });
    });
  });
}
