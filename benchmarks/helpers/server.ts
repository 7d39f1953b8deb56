import { fileURLToPath } from 'node:url';
import { startChild, type Child } from './child.ts';
import { onServerCore } from './machine.ts';

export const kinds = ['plain', 'graceful'] as const;
export type Kind = (typeof kinds)[number];

export interface Server extends Child {
  readonly port: number;
}

/** Starts `examples/<kind>-server.ts`. */
export async function startServer(
  kind: Kind,
  node: string,
  nodeOptions: readonly string[] = [],
): Promise<Server> {
  const program = fileURLToPath(new URL(`../../examples/${kind}-server.js`, import.meta.url));
  const child = startChild(onServerCore([node, ...nodeOptions, program]), { env: { PORT: '0' } });
  const [, port] = await child.find(/http:\/\/127\.0\.0\.1:(\d+)/);
  return { ...child, port: Number(port) };
}
