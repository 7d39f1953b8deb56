import { createRandom, type Random } from '../test/helpers/random.ts';
import { behaviours } from '../test/fixtures/beside/behaviours.ts';
import {
  hostile,
  type Address,
  type ClientGroup,
  type ClientKind,
  type Fault,
  type HookKind,
  type Model,
  type Protocol,
  type Scenario,
  type Stop,
  type Timing,
  type Way,
} from './scenario.ts';

/** What the Node line of the servers can do. */
export interface Line {
  /** `listen({ reusePort })` came with Node 22.12. */
  readonly reusePort: boolean;
}

/** Draws a scenario; the same seed gives the same one on the same Node line. */
export function draw(seed: number, line: Line): Scenario {
  const random = createRandom(seed);
  const model = drawModel(random, line);
  const address = drawAddress(random, model);
  const protocol = drawProtocol(random);
  const way = drawWay(random, model, protocol);
  const workers = model === 'single' ? 0 : random.between(2, 3);
  const behaviour = random.chance(0.4) && protocol.startsWith('http') ? random.pick(behaviours) : 'none';
  const hooks = drawHooks(random);
  const options = drawTiming(random);
  const stop = drawStop(random, model, options);
  const seal =
    address === 'tcp' && random.chance(0.25) ? random.pick(['filter', 'backlog', 'off'] as const) : 'auto';
  const clients = drawClients(random, protocol, options);
  const faults = drawFaults(random, { model, address, workers });
  return {
    seed,
    model,
    address,
    way,
    protocol,
    workers,
    options,
    seal,
    behaviour,
    hooks,
    clients,
    faults,
    stop,
  };
}

function drawModel(random: Random, { reusePort }: Line): Model {
  const models = [
    'single',
    'single',
    'single',
    'round-robin',
    'round-robin',
    'round-robin',
    'shared',
    'foreign',
  ] as const;
  const model = random.pick([...models, 'reuse-port'] as const);
  return model === 'reuse-port' && !reusePort ? 'round-robin' : model;
}

/** A Unix socket for a single process alone, an inherited one for round robin as well. */
function drawAddress(random: Random, model: Model): Address {
  if (model === 'single') return random.pick(['tcp', 'tcp', 'tcp', 'unix', 'inherited'] as const);
  if (model === 'round-robin') return random.pick(['tcp', 'tcp', 'tcp', 'tcp', 'inherited'] as const);
  return 'tcp';
}

function drawProtocol(random: Random): Protocol {
  return random.pick(['http', 'http', 'http', 'http', 'https', 'h2c', 'h2'] as const);
}

function drawWay(random: Random, model: Model, protocol: Protocol): Way {
  const ways: Way[] = ['attach', 'attach', 'register', 'two copies'];
  // Sessions of HTTP/2 from before `attach` are not listed by Node 20 and 22 (docs/http2.md).
  if (protocol.startsWith('http')) ways.push('late');
  if (protocol === 'http') ways.push('express', 'fastify');
  const way = random.pick(ways);
  // Under --import a primary that forks is supervised: then it is not foreign.
  return model === 'foreign' && way === 'register' ? 'attach' : way;
}

function drawHooks(random: Random): HookKind[] {
  const usual = random.some<HookKind>(['fast', 'slow', 'dependent'], 3);
  return random.chance(0.1) ? [...usual, random.pick(['failing', 'hanging'] as const)] : usual;
}

function drawTiming(random: Random): Timing {
  return {
    timeout: random.between(4_000, 6_000),
    cleanupTimeout: random.between(500, 1_000),
    keepAliveGrace: random.pick([100, 200, 400]),
    handshakeTimeout: random.pick([300, 600]),
    secondSignalDelay: random.pick([400, 1_000]),
    shutdownDelay: random.chance(0.2) ? random.between(50, 400) : 0,
  };
}

function drawStop(random: Random, model: Model, { secondSignalDelay }: Timing): Stop {
  const signal = random.pick(['SIGTERM', 'SIGTERM', 'SIGINT'] as const);
  const to = model === 'single' ? 'process' : random.pick(['process', 'group'] as const);
  const after = random.chance(0.06) ? -random.between(20, 400) : random.between(250, 700);
  if (random.chance(0.25)) return { signal, to, after, again: random.between(0, secondSignalDelay - 100) };
  if (random.chance(0.06)) return { signal, to, after, again: secondSignalDelay + random.between(100, 400) };
  return { signal, to, after };
}

function drawClients(random: Random, protocol: Protocol, { keepAliveGrace }: Timing): ClientGroup[] {
  const http: ClientKind[] = ['kept', 'slow', 'pipelined', 'upload', 'events'];
  if (protocol === 'http') http.push('websocket');
  const kinds: ClientKind[] = protocol.startsWith('http') ? ['fresh', ...random.some(http, 4)] : ['h2'];
  const hostiles = protocol.startsWith('http') ? random.some(hostile, random.chance(0.3) ? 2 : 0) : [];
  return [...kinds, ...hostiles].map((kind) => ({
    kind,
    count: ['events', 'websocket', 'stalled', 'flooding'].includes(kind) ? 2 : random.between(2, 8),
    think: random.pick([5, 20, keepAliveGrace / 2, keepAliveGrace * 2]),
  }));
}

interface Place {
  readonly model: Model;
  readonly address: Address;
  readonly workers: number;
}

function drawFaults(random: Random, { model, address, workers }: Place): Fault[] {
  const count = random.pick([0, 0, 1, 1, 2, 3]);
  // Only so many workers die or stand still that one is left, which is what the others' clients are promised.
  let expendable = workers - 1;
  return Array.from({ length: count }, (): Fault[] => {
    const at = random.between(-200, 900);
    const target = workers === 0 ? 0 : random.between(0, workers - 1);
    const gentle = [
      { at, target, kind: 'block', ms: random.between(1, 500) },
      { at, target, kind: 'clock' },
      { at, target, kind: 'freeze', ms: random.between(20, 600) },
      ...(at > 0 ? [{ at, target, kind: 'reject' } as const] : []),
      ...(address === 'tcp' && model === 'single'
        ? [{ at, target, kind: 'emfile', ms: random.between(100, 500) } as const]
        : []),
    ] as const;
    if (model === 'single' || random.chance(0.4)) return [random.pick(gentle)];
    if (model === 'foreign') return [random.pick([...gentle, { at, target, kind: 'kill primary' } as const])];
    const supervised = [
      { at, target, kind: 'block primary', ms: random.between(1, 500) },
      { at, target, kind: 'kill primary' },
      ...(at < 0
        ? ([
            { at, target, kind: 'reload' },
            { at, target, kind: 'lone signal' },
          ] as const)
        : []),
    ] as const;
    if (expendable <= 0 || random.chance(0.4)) return [random.pick(supervised)];
    expendable -= 1;
    return [{ at, target, kind: random.pick(['kill', 'exit', 'crash'] as const) }];
  }).flat();
}
