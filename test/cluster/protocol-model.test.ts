import t from 'tap';
import { firstState, isOver, nextStates, type Model, type State } from './protocol-model.ts';

/** Every state that can be reached: with the states that follow it, by what it looks like. */
function explore(model: Model): Map<string, { readonly state: State; readonly next: readonly string[] }> {
  const seen = new Map<string, { readonly state: State; readonly next: readonly string[] }>();
  const open = [firstState(model)];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    const key = JSON.stringify(state);
    if (seen.has(key)) continue;
    const next = nextStates(model, state);
    seen.set(key, { state, next: next.map((each) => JSON.stringify(each)) });
    open.push(...next);
  }
  return seen;
}

/** What is wrong with the model, if something is. */
function findFault(model: Model): { readonly states: number; readonly fault: string | undefined } {
  const seen = explore(model);
  const before = new Map<string, string[]>();
  for (const [key, { next }] of seen) {
    for (const each of next) before.set(each, [...(before.get(each) ?? []), key]);
  }
  const ends = [...seen].filter(([, { state }]) => isOver(state)).map(([key]) => key);
  const ending = new Set(ends);
  for (let key = ends.pop(); key !== undefined; key = ends.pop()) {
    for (const each of before.get(key) ?? []) {
      if (!ending.has(each)) ends.push(each);
      ending.add(each);
    }
  }
  const stuck = [...seen.keys()].find((key) => !ending.has(key));
  if (stuck !== undefined) return { states: seen.size, fault: `it never ends from ${stuck}` };
  const wrong = [...seen.values()].find(({ state }) => losesTooMuch(model, state));
  return { states: seen.size, fault: wrong && `a connection is lost in ${JSON.stringify(wrong.state)}` };
}

/**
 * As long as a worker is left, nothing is lost but with the process that held it. The model's reload forks none anew.
 */
function losesTooMuch(model: Model, { connections, faults, reloaded, workers }: State): boolean {
  const lost = connections.filter(({ where }) => where === 'lost');
  if (lost.length === 0) return false;
  const ended = model.faults - faults + (reloaded ? 1 : 0);
  const isLeft = ended < workers.length;
  return model.faults === faults || (isLeft && lost.some(({ blame }) => blame === 'no worker was left'));
}

const model: Model = { workers: 2, connections: 1, faults: 1, waitsForHandOvers: true, recovers: true };
const models: readonly Model[] = [
  { ...model, faults: 0, connections: 2 },
  model,
  { ...model, connections: 2 },
  { ...model, workers: 3, faults: 2 },
];

for (const each of models) {
  const { workers, connections, faults } = each;
  t.test(`${workers} workers, ${connections} connections, ${faults} faults: all interleavings`, async (t) => {
    const { states, fault } = findFault(each);
    t.comment(`${states} states`);
    t.equal(fault, undefined);
    t.ok(states > 100);
  });
}

t.test('the model notices a step that is left out', async (t) => {
  t.match(findFault({ ...model, faults: 0, waitsForHandOvers: false }).fault, /a connection is lost/);
  t.match(findFault({ ...model, recovers: false }).fault, /a connection is lost/);
});
