import { networkInterfaces } from 'node:os';

/**
 * An address of this machine that is not on the loopback interface: a client that connects from it is treated as one
 * whose packets may be lost. Empty where there is no network.
 */
export const localAddress: string =
  Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.family === 'IPv4' && !each.internal)?.address ?? '';

/** Why a test that needs one is skipped, or undefined. */
export const NO_OUTSIDE: string | undefined =
  localAddress === '' ? 'this machine has no network but the loopback interface' : undefined;
