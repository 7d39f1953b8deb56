import { Server } from 'node:net';
import { adviseAttach } from '../api/describe.ts';
import { expected, GracefulError } from '../api/errors.ts';
import { shared } from '../process/registry.ts';

/** The one coordinator that drains a server, of whichever copy of this package. */
interface Owner {
  /** Whether `--import` attached it, and not the program: then the program's own `attach` takes it over. */
  tentative: boolean;
  /** Lets go of the server, and gives the open connections that Node does not list. */
  readonly release: () => unknown;
}

const owners = shared<WeakMap<Server, Owner>>('owners', WeakMap);

/**
 * Makes a coordinator the owner of a server.
 *
 * @param release - lets go of the server again, for another owner
 * @returns connections of the owner before, for `Connections.adopt`
 * @throws ERR_GRACEFUL_INVALID_ARGUMENT, ERR_GRACEFUL_SERVER_OWNED
 */
export function claimServer(server: Server, release: () => unknown): unknown {
  if (!(server instanceof Server)) {
    const rule = 'a net.Server or one of its kinds';
    throw expected('ERR_GRACEFUL_INVALID_ARGUMENT', 'server', rule, server, adviseAttach(server));
  }
  const owner = owners.get(server);
  if (owner !== undefined && !(owner.tentative && typeof owner.release === 'function')) {
    throw new GracefulError('ERR_GRACEFUL_SERVER_OWNED', 'another coordinator drains this server already');
  }
  const open = owner?.release();
  owners.set(server, { tentative: false, release });
  return open;
}

export function disownServer(server: Server): void {
  owners.delete(server);
}

export function isOwned(server: Server): boolean {
  return owners.has(server);
}

/** Notes whether only `--import` attached a server: the program's own `attach` then takes it over. */
export function setTentative(server: Server, tentative: boolean): void {
  const owner = owners.get(server);
  if (owner !== undefined) owner.tentative = tentative;
}
