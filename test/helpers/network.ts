import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

export interface Network {
  /** Put in front of a program and its arguments, this runs it on the server's side. */
  readonly server: readonly string[];
  readonly client: readonly string[];
  readonly serverAddress: string;
  readonly serverAddress6: string;
  /** How many SYNs the client's kernel has sent again: TcpExt TCPSynRetrans of /proc/net/netstat. */
  readonly repeatedSyns: () => number;
  /** Waits for no packet and no program: the link is cut at once. */
  readonly close: () => Promise<void>;
}

export interface NetworkOptions {
  /** Round-trip time in milliseconds. */
  rtt: number;
  /** Packets lost each way, in percent. */
  loss?: number;
}

interface End {
  address: string;
  address6: string;
}

const serverEnd: End = { address: '10.77.0.1', address6: 'fd77::1' };
const clientEnd: End = { address: '10.77.0.2', address6: 'fd77::2' };

const works = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;

/** Why no network can be made here, or undefined. */
export function networkUnavailable(): string | undefined {
  if (process.platform !== 'linux') return 'not Linux';
  if (!works('unshare', '--net', 'true')) return 'no right to make a network namespace';
  if (!works('nsenter', '--version')) return 'no nsenter';
  if (!works('ip', '-V')) return 'no ip';
  if (!works('cc', '--version')) return 'no cc';
  if (!existsSync('/proc/sys/net/ipv6')) return 'no IPv6';
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
  } catch {
    return 'no /dev/net/tun';
  }
  return undefined;
}

/** A server's and a client's machine, so to speak, with nothing between them but time. Both end with this process. */
export async function createNetwork({ rtt, loss = 0 }: NetworkOptions): Promise<Network> {
  const directory = await mkdtemp(join(tmpdir(), 'delay-link-'));
  try {
    const program = join(directory, 'delay-link');
    await promisify(execFile)('cc', ['-O2', '-o', program, source()]);
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
    return {
      server,
      client,
      serverAddress: serverEnd.address,
      serverAddress6: serverEnd.address6,
      repeatedSyns: () => readCounter(client, 'TCPSynRetrans'),
      close,
    };
  } finally {
    await rm(directory, { recursive: true });
  }
}

function configure([command = '', ...args]: readonly string[], { address, address6 }: End): void {
  // The device's own queue holds 500 packets unless told otherwise.
  const input = `link set lo up
    link set dev delay mtu 1500 txqueuelen 10000 up
    addr add ${address}/24 dev delay
    addr add ${address6}/64 dev delay nodad`;
  const { status, stderr } = spawnSync(command, [...args, 'ip', '-batch', '-'], { input });
  if (status !== 0) throw new Error(`ip: ${String(stderr)}`);
}

/** The file holds pairs of lines: names, then values. */
function readCounter([command = '', ...args]: readonly string[], name: string): number {
  const text = execFileSync(command, [...args, 'cat', '/proc/net/netstat'], { encoding: 'utf8' });
  const [names, values] = text.split('\n').filter((line) => line.startsWith('TcpExt:'));
  const index = names?.split(' ').indexOf(name) ?? -1;
  if (index < 0) throw new Error(`no ${name} in /proc/net/netstat`);
  return Number(values?.split(' ')[index]);
}

/** The C source is not compiled into the build: look for the folder it was left in. */
function source(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const file = join(folder, 'packages/probe/native/delay-link.c');
    if (existsSync(file)) return file;
    if (folder === dirname(folder)) throw new Error('packages/probe/native/delay-link.c not found');
  }
}
