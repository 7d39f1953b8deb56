import { ProbeError } from '../errors.ts';

/** Where the load goes: an address of this machine. */
export interface Target {
  /** For a Unix socket, the host that requests name. */
  readonly host: string;
  /** 0 for a Unix socket. */
  readonly port: number;
  /** Path of a Unix socket, which is then used rather than host and port. */
  readonly path?: string | undefined;
  /** Whether the server speaks TLS. Certificates are not checked. */
  readonly tls?: boolean | undefined;
}

const loopback: ReadonlySet<string> = new Set(['127.0.0.1', '::1']);

/** Addresses that a server on all interfaces, or on a name, gives for one that can be connected to. */
const reachable: Readonly<Record<string, string>> = {
  localhost: '127.0.0.1',
  '0.0.0.0': '127.0.0.1',
  '[::]': '::1',
  '[::1]': '::1',
};

/**
 * Reads `http://host:port`, `https://host:port` or `unix:/path`. @throws ERR_PROBE_INVALID_OPTION
 */
export function parseTarget(url: string): Target {
  if (url.startsWith('unix:/')) return { host: 'localhost', port: 0, path: url.slice('unix:'.length) };
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) {
    const expected = 'http://host:port, https://host:port or unix:/path';
    throw new ProbeError('ERR_PROBE_INVALID_OPTION', `expected the URL to be ${expected}, got '${url}'`);
  }
  const tls = parsed.protocol === 'https:';
  const port = Number(parsed.port || (tls ? 443 : 80));
  return { host: reachable[parsed.hostname] ?? parsed.hostname, port, tls };
}

/** The first URL in what a server printed. */
export function findTarget(output: string): Target | undefined {
  const [url] = /\bhttps?:\/\/(?:\[[\da-f:]*\]|[\w.-]+):\d+(?=\D)/i.exec(output) ?? [];
  return url === undefined ? undefined : parseTarget(url);
}

export function isLoopback({ host, path }: Target): boolean {
  return path !== undefined || loopback.has(host);
}

/** @throws ERR_PROBE_NOT_LOOPBACK */
export function checkLoopback(target: Target): void {
  const { host } = target;
  if (isLoopback(target)) return;
  throw new ProbeError('ERR_PROBE_NOT_LOOPBACK', `only 127.0.0.1 and ::1 are probed, not ${host}`);
}

/** `host:port`, as a `Host` header has it. */
export function formatAuthority({ host, port, path }: Target): string {
  if (path !== undefined) return host;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The URL, as a person would write it. */
export function formatTarget(target: Target): string {
  if (target.path !== undefined) return `unix:${target.path}`;
  return `${target.tls ? 'https' : 'http'}://${formatAuthority(target)}`;
}
