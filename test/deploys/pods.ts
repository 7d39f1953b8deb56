import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { Owner } from '../helpers/child.ts';

/** A network namespace with an address of its own: all that a pod is to its clients. */
export interface Pod {
  readonly address: string;
  /** Put in front of a program and its arguments, this runs it in the pod. */
  readonly prefix: readonly string[];
  /** Takes the pod off the network, as the container runtime does once its process has ended. */
  readonly remove: () => void;
}

/**
 * A Kubernetes node: pods on a bridge, and a service whose address is translated to one of them, as kube-proxy does.
 */
export interface PodNetwork {
  readonly prefix: readonly string[];
  readonly addPod: () => Promise<Pod>;
  /** Translates new connections to these pods, each with the same probability. Those that exist keep theirs. */
  readonly setEndpoints: (addresses: readonly string[]) => void;
}

export const SERVICE = '10.96.0.1';
export const PORT = 80;

/** Why no pods can be had here, or false. */
export function podsUnavailable(): string | false {
  const works = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;
  if (process.platform !== 'linux') return 'this is not Linux';
  if (!works('unshare', '--net', 'true')) return 'it takes root to make a network namespace';
  if (!works('ip', '-V')) return 'there is no ip (iproute2)';
  if (!works('unshare', '--net', 'ip', 'link', 'add', 'br0', 'type', 'bridge')) return 'there are no bridges';
  if (!works('unshare', '--net', 'nft', 'add', 'table', 'ip', 'kube')) return 'there is no nft (nftables)';
  return false;
}

export async function createPodNetwork(t: Owner): Promise<PodNetwork> {
  const node = await createNamespace(t);
  let pods = 0;
  ip(
    node.prefix,
    `link set lo up
     link add br0 type bridge
     addr add 10.244.0.1/16 dev br0
     link set br0 up
     route add 10.96.0.0/12 dev br0`,
  );
  // Enough for 500 connections a second, each in TIME_WAIT for a minute.
  feed([...node.prefix, 'tee', '/proc/sys/net/ipv4/ip_local_port_range'], '1024 65000');
  nft(
    node.prefix,
    `add table ip kube
     add chain ip kube output { type nat hook output priority -100; }`,
  );

  async function addPod(): Promise<Pod> {
    const { pid, prefix } = await createNamespace(t);
    pods += 1;
    const link = `pod${pods}`;
    const address = `10.244.${1 + Math.floor(pods / 200)}.${1 + (pods % 200)}`;
    ip(
      node.prefix,
      `link add ${link} type veth peer name eth0 netns ${pid}
       link set ${link} master br0
       link set ${link} up`,
    );
    ip(
      prefix,
      `link set lo up
       addr add ${address}/16 dev eth0
       link set eth0 up
       route add default via 10.244.0.1`,
    );
    return { address, prefix, remove: () => ip(node.prefix, `link del ${link}`) };
  }

  function setEndpoints(addresses: readonly string[]): void {
    const map = addresses.map((address, index) => `${index} : ${address}`).join(', ');
    nft(
      node.prefix,
      `flush chain ip kube output
       add rule ip kube output ip daddr ${SERVICE} tcp dport ${PORT} dnat ip to numgen random mod ${addresses.length} map { ${map} }`,
    );
  }

  return { prefix: node.prefix, addPod, setEndpoints };
}

/** A namespace that lasts until the test, or this process, has ended. */
async function createNamespace(
  t: Owner,
): Promise<{ readonly pid: number; readonly prefix: readonly string[] }> {
  const holder = spawn('unshare', ['--net', 'sh', '-c', 'echo made; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  const pid = holder.pid ?? 0;
  return { pid, prefix: ['nsenter', `--net=/proc/${pid}/ns/net`, '--'] };
}

const ip = (prefix: readonly string[], lines: string): void => feed([...prefix, 'ip', '-batch', '-'], lines);
const nft = (prefix: readonly string[], lines: string): void => feed([...prefix, 'nft', '-f', '-'], lines);

function feed([command = '', ...args]: readonly string[], input: string): void {
  const { status, stderr } = spawnSync(command, args, { input });
  if (status !== 0) throw new Error(`${args.join(' ')}: ${String(stderr)}\n${input}`);
}
