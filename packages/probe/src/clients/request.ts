import { formatAuthority, type Target } from '../network/target.ts';

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: readonly string[];
}

/** The head of an HTTP/1.1 request. */
export function formatRequest(target: Target, path: string, options: RequestOptions = {}): Buffer {
  const { method = 'GET', headers = [] } = options;
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${formatAuthority(target)}`, ...headers];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}
