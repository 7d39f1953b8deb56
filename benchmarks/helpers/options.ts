import { parseArgs } from 'node:util';

export type Options<Name extends string> = Readonly<Record<Name, number>> & {
  /** Path of the Node that the servers run under. */
  readonly node: string;
};

/**
 * Reads `--node PATH`, `--quick`, and a number for each name.
 *
 * @param defaults - the value of each, and the one that `--quick` means
 */
export function readOptions<Name extends string>(
  defaults: Readonly<Record<Name, readonly [full: number, quick: number]>>,
): Options<Name> {
  const names = Object.keys(defaults) as Name[];
  const numbers = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  const values = parse(numbers);
  const read = (name: Name): number => {
    const [full, quick] = defaults[name];
    const text = values[name];
    if (text === undefined) return values['quick'] === true ? quick : full;
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1)
      return fail(`expected --${name} to be a whole number, got ${text}`);
    return value;
  };
  const result = Object.fromEntries(names.map((name) => [name, read(name)])) as Record<Name, number>;
  return { ...result, node: typeof values['node'] === 'string' ? values['node'] : process.execPath };
}

function parse(
  numbers: Record<string, { type: 'string' }>,
): Readonly<Record<string, string | boolean | undefined>> {
  try {
    return parseArgs({ options: { ...numbers, node: { type: 'string' }, quick: { type: 'boolean' } } })
      .values;
  } catch (error) {
    return fail((error as Error).message);
  }
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
