import type { ClientKind } from './client.ts';
import { keepAlive } from './keep-alive.ts';
import { newConnection } from './new-connection.ts';
import { slow } from './slow.ts';

export const clientKinds: readonly ClientKind[] = [newConnection, keepAlive, slow];
