export interface Random {
  /** From 0 up to, but without, 1. */
  next(): number;
  /** A whole number from `from` to `to`, both included. */
  between(from: number, to: number): number;
  pick<Item>(items: readonly Item[]): Item;
  /** Numbers of their own for somebody else, so that neither changes the other's by drawing more often. */
  branch(): Random;
}

/**
 * Numbers that look random and can be had again by the same seed (mulberry32, by Tommy Ettinger). The seed is taken from
 * SEED when that is set, and printed either way, so that a run that failed can be repeated.
 */
export function seededRandom(what: string): Random {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
  process.stdout.write(`${what}: SEED=${seed}\n`);
  return randomFrom(seed);
}

function randomFrom(seed: number): Random {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: (from, to) => from + Math.floor(next() * (to - from + 1)),
    pick: (items) => items[Math.floor(next() * items.length)]!,
    branch: () => randomFrom(Math.floor(next() * 2 ** 32)),
  };
}
