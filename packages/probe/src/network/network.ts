import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Two network namespaces, one for the server and one for its clients, and a link with a delay between them. */
export interface Network {
  /** Words in front of a command that run it on the server's side. */
  readonly server: readonly string[];
  readonly client: readonly string[];
  readonly serverAddress: string;
  /** Only where `hasIpv6`. */
  readonly serverAddress6: string;
  /** Cuts the link at once; programs in it are left alone. */
  readonly close: () => Promise<void>;
}

export interface NetworkOptions {
  /** Round-trip time in milliseconds. */
  readonly rtt: number;
  /**
   * Packets lost each way, in percent; none that is sent again after a loss.
   * @defaultValue 0
   */
  readonly loss?: number | undefined;
}

interface End {
  readonly address: string;
  readonly address6: string;
}

const serverEnd: End = { address: '10.77.0.1', address6: 'fd77::1' };
const clientEnd: End = { address: '10.77.0.2', address6: 'fd77::2' };

const source = fileURLToPath(new URL('../../native/delay-link.c', import.meta.url));
const works = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;

export function hasIpv6(): boolean {
  return existsSync('/proc/sys/net/ipv6');
}

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

/** Two network namespaces and the link between them. They end with this process. */
export async function createNetwork({ rtt, loss = 0 }: NetworkOptions): Promise<Network> {
  const directory = await mkdtemp(join(tmpdir(), 'graceful-probe-'));
  try {
    const program = join(directory, 'delay-link');
    await promisify(execFile)('cc', ['-O2', '-o', program, source]);
    const link = spawn(program, [String(Math.round(rtt * 500)), String(loss)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const exited = once(link, 'exit');
    const { done, value } = await createInterface(link.stdout)[Symbol.asyncIterator]().next();
    if (done) throw new Error('delay-link ended early');
    const [server = [], client = []] = value.split(' ').map((path) => ['nsenter', `--net=${path}`, '--']);
    const close = async (): Promise<void> => {
      link.kill('SIGKILL');
      await exited;
    };
    try {
      configure(server, serverEnd);
      configure(client, clientEnd);
    } catch (error) {
      await close();
      throw error;
    }
    return { server, client, serverAddress: serverEnd.address, serverAddress6: serverEnd.address6, close };
  } finally {
    await rm(directory, { recursive: true });
  }
}

function configure([command = '', ...args]: readonly string[], { address, address6 }: End): void {
  // The queue of a TUN device holds 500 packets by default (`txqueuelen`): too few for a burst of clients.
  const input = `link set lo up
    link set dev delay mtu 1500 txqueuelen 10000 up
    addr add ${address}/24 dev delay
    ${hasIpv6() ? `addr add ${address6}/64 dev delay nodad` : ''}`;
  const { status, stderr } = spawnSync(command, [...args, 'ip', '-batch', '-'], { input });
  if (status !== 0) throw new Error(`ip: ${String(stderr)}`);
}
