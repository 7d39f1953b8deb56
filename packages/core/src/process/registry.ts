/**
 * What is one per process, however many copies of this package there are in it: two versions, a bundle beside
 * `--import`, linked packages. It is plain data under a name that all copies know; each copy keeps the code to itself.
 *
 * The number in the name is that of the layout. Parts may be added, and a copy makes those that it misses. A part of
 * another kind than expected belongs to a copy that means something else by it: it is left alone, and this copy
 * keeps one for itself.
 */
const KEY = Symbol.for('graceful-cluster/1');

const own = new Map<string, object>();

/** Gives the part of that name, which all copies share. */
export function shared<Part extends object>(name: string, kind: new () => object): Part {
  const root = findRoot();
  root[name] ??= new kind();
  const part = root[name];
  if (part instanceof kind) return part as Part;
  const mine = own.get(name) ?? new kind();
  own.set(name, mine);
  return mine as Part;
}

function findRoot(): Record<string, unknown> {
  const place = globalThis as unknown as Record<symbol, unknown>;
  if (typeof place[KEY] !== 'object' || place[KEY] === null) {
    Object.defineProperty(place, KEY, { value: {}, configurable: true });
  }
  return place[KEY] as Record<string, unknown>;
}
