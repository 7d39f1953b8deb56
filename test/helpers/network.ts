import { execFileSync } from 'node:child_process';
import type * as Link from '../../packages/probe/src/network/network.ts';

/** The link that the probe puts between a server and its clients, and what the kernel counted on it. */
const probe = import.meta.resolve('@graceful-cluster/probe/package.json');
const link = (await import(new URL('dist/network/network.js', probe).href)) as typeof Link;

export interface Network extends Link.Network {
  /**
   * How many SYNs the client's kernel has sent again: TcpExt TCPSynRetrans of /proc/net/netstat. Give the clients
   * local ports that were not used before: where the server still has the last connection of that port in TIME_WAIT,
   * and no listener any more, Linux answers a SYN with an ACK, the client resets that and sends its SYN at once again.
   */
  readonly repeatedSyns: () => number;
}

/** Why no network can be made here, or undefined. */
export function networkUnavailable(): string | undefined {
  return link.networkUnavailable() ?? (link.hasIpv6() ? undefined : 'no IPv6');
}

export async function createNetwork(options: Link.NetworkOptions): Promise<Network> {
  const network = await link.createNetwork(options);
  return { ...network, repeatedSyns: () => readCounter(network.client, 'TCPSynRetrans') };
}

/** The file holds pairs of lines: names, then values. */
function readCounter([command = '', ...args]: readonly string[], name: string): number {
  const text = execFileSync(command, [...args, 'cat', '/proc/net/netstat'], { encoding: 'utf8' });
  const [names, values] = text.split('\n').filter((line) => line.startsWith('TcpExt:'));
  const index = names?.split(' ').indexOf(name) ?? -1;
  if (index < 0) throw new Error(`no ${name} in /proc/net/netstat`);
  return Number(values?.split(' ')[index]);
}
