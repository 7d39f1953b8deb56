import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** A server's and a client's machine, so to speak, with nothing between them but time. */
export interface Network {
  /** Put in front of a program and its arguments, this runs it on the server's side. */
  readonly server: readonly string[];
  readonly client: readonly string[];
  readonly serverAddress: string;
  close(): Promise<void>;
}

const SERVER = '10.77.0.1';
const CLIENT = '10.77.0.2';

const source = fileURLToPath(new URL('../native/delay-link.c', import.meta.url));
const works = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;

/** Why no network can be made here, or undefined. */
export function networkUnavailable(): string | undefined {
  if (process.platform !== 'linux') return 'this is not Linux';
  if (!works('unshare', '--net', 'true')) return 'it takes root to make a network namespace';
  if (!works('nsenter', '--version')) return 'there is no nsenter';
  if (!works('ip', '-V')) return 'there is no ip (iproute2)';
  if (!works('cc', '--version')) return 'there is no C compiler';
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
  } catch {
    return 'there is no /dev/net/tun';
  }
  return undefined;
}

/** Two network namespaces, a round trip of so many milliseconds from each other. They end with this process. */
export async function createNetwork(rtt: number): Promise<Network> {
  const directory = await mkdtemp(join(tmpdir(), 'graceful-probe-'));
  try {
    const program = join(directory, 'delay-link');
    await promisify(execFile)('cc', ['-O2', '-o', program, source]);
    const link = spawn(program, [String(Math.round(rtt * 500)), '0'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const exited = once(link, 'exit');
    const { done, value } = await createInterface(link.stdout)[Symbol.asyncIterator]().next();
    if (done) throw new Error('delay-link ended early');
    const [server = [], client = []] = value.split(' ').map((path) => ['nsenter', `--net=${path}`, '--']);
    const close = async (): Promise<void> => {
      link.kill('SIGKILL');
      await exited;
    };
    try {
      configure(server, SERVER);
      configure(client, CLIENT);
    } catch (error) {
      await close();
      throw error;
    }
    return { server, client, serverAddress: SERVER, close };
  } finally {
    await rm(directory, { recursive: true });
  }
}

function configure([command = '', ...args]: readonly string[], address: string): void {
  // The device's own queue holds 500 packets unless told otherwise.
  const input = `link set lo up
    link set dev delay mtu 1500 txqueuelen 10000 up
    addr add ${address}/24 dev delay`;
  const { status, stderr } = spawnSync(command, [...args, 'ip', '-batch', '-'], { input });
  if (status !== 0) throw new Error(`ip: ${String(stderr)}`);
}
