import { createCoordinator, type CoordinatorOptions, type ShutdownCoordinator } from '@graceful-cluster/core';
import {
  checkCoordinator,
  checkOptionNames,
  optionNames,
  rejectExtraOptions,
} from '@graceful-cluster/core/adapter';
import type { FastifyInstance } from 'fastify';
import type { GracefulClusterOptions } from './options.ts';

/** The plugin's own options, and those that Fastify takes for any plugin. */
const NOT_FOR_CORE = ['health', 'coordinator', 'prefix', 'logLevel', 'logSerializers'];

/** Coordinators, by root instance. */
const coordinators = new WeakMap<FastifyInstance, ShutdownCoordinator>();

export interface FoundCoordinator {
  readonly coordinator: ShutdownCoordinator;
  /** Whether the plugin is registered for the first time on this root. */
  readonly isNew: boolean;
  /** Whether the plugin made it; otherwise the program did, and it may stop other servers too. */
  readonly isOwn: boolean;
}

/** @throws ERR_GRACEFUL_INVALID_OPTION, ERR_GRACEFUL_INVALID_ARGUMENT */
export function findCoordinator(
  fastify: FastifyInstance,
  root: FastifyInstance,
  options: GracefulClusterOptions,
): FoundCoordinator {
  checkOptionNames(options, [...NOT_FOR_CORE, ...optionNames], 'register(gracefulCluster, options)');
  const given = options.coordinator;
  const known = coordinators.get(root);
  const own = coordinatorOptions(options);
  if (given !== undefined) {
    checkCoordinator(given);
    rejectExtraOptions(known === undefined || known === given ? own : { coordinator: given });
  }
  const coordinator = known ?? given ?? createCoordinator({ logger: findLogger(fastify), ...own });
  coordinators.set(root, coordinator);
  return { coordinator, isNew: known === undefined, isOwn: given === undefined };
}

function coordinatorOptions(options: GracefulClusterOptions): CoordinatorOptions {
  const own: Record<string, unknown> = { ...options };
  for (const name of NOT_FOR_CORE) delete own[name];
  return own;
}

/** Undefined where Fastify was made without a logger: then `log` discards all, also what stderr must show. */
function findLogger({ log }: FastifyInstance): FastifyInstance['log'] | undefined {
  return log.info === log.error ? undefined : log;
}

/** The instance that a program made itself: encapsulated ones inherit from it, `close` included. */
export function rootOf(instance: FastifyInstance): FastifyInstance {
  const parent = Object.getPrototypeOf(instance) as FastifyInstance | null;
  return parent !== null && 'server' in parent ? rootOf(parent) : instance;
}
