/** Draws that a seed decides. */
export interface Random {
  /** A whole number from `least` to `most`, both included. */
  readonly between: (least: number, most: number) => number;
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(choices: readonly T[]) => T;
  /** Up to `most` of them, each at most once. */
  readonly some: <T>(choices: readonly T[], most: number) => T[];
}

/** The generator is mulberry32: 32 bits of state, and any seed is as good as another. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let value = state;
    value = Math.imul(value ^ (value >>> 15), value | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  }
  const between = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  const pick = <T>(choices: readonly T[]): T => choices[between(0, choices.length - 1)] as T;
  return {
    between,
    pick,
    chance: (probability) => next() < probability,
    some: (choices, most) => {
      const left = [...choices];
      const count = between(0, Math.min(most, left.length));
      return Array.from({ length: count }, () => left.splice(between(0, left.length - 1), 1)[0] as never);
    },
  };
}
