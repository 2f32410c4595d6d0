import { seeded } from './seeded.ts';

/** Who knows whom, by number, from 0; each pair once, in no order, as friendships are made. */
export interface Pairs {
  readonly length: number;
  pair(at: number): readonly [number, number];
  has(one: number, other: number): boolean;
}

/** No list may be longer (FRIENDS_PER_LIST). */
const LONGEST_LIST = 5_000;

/**
 * A graph with given expected degrees (F. Chung and L. Lu, "The average distances in random graphs with given expected
 * degrees", PNAS 99, 2002) that follow a power law with exponent 3, as in social networks: person 0 has most friends, at
 * most 5,000. Both ends of each pair are drawn by weight, (number + shift)^-1/2. The same seed, the same graph.
 *
 * @param options.friendships pairs in all; below a tenth of all possible ones
 */
export function drawPowerLaw(options: { people: number; friendships: number; seed: number }): Pairs {
  const { people, friendships, seed } = options;
  if (friendships > (people * (people - 1)) / 20)
    throw new RangeError('So few people cannot have so many friendships.');
  const random = seeded(seed);
  const shift = shiftFor(people, friendships);
  // The inverse of the weights' sum, which is 2·sqrt: a person for each number between the two ends.
  const [low, high] = [Math.sqrt(shift), Math.sqrt(people + shift)];
  const draw = () => Math.min(people - 1, Math.floor((low + random() * (high - low)) ** 2 - shift));
  const degrees = new Uint16Array(people);
  let keys: Float64Array = new Float64Array(0);
  while (keys.length < friendships) {
    const missing = friendships - keys.length;
    const drawn = new Float64Array(missing);
    for (let at = 0; at < missing; at += 1) drawn[at] = keyOf(draw(), draw(), people);
    keys = withoutRepetition(keys, drawn, people, degrees);
  }
  const sorted = keys.slice();
  shuffle(keys, random);
  return {
    length: keys.length,
    pair: (at) => [Math.floor(keys[at]! / people), keys[at]! % people],
    has: (one, other) => isIn(sorted, keyOf(one, other, people)),
  };
}

/** So that person 0 expects no more than nine tenths of the longest list: chance adds to it. */
function shiftFor(people: number, friendships: number): number {
  const atMost = Math.min(0.9 * LONGEST_LIST, people / 10);
  let shift = 1;
  while (
    (friendships * (Math.sqrt(1 + shift) - Math.sqrt(shift)) * 2) / (Math.sqrt(people + shift) - Math.sqrt(shift)) >
    atMost
  )
    shift += 1;
  return shift;
}

function keyOf(one: number, other: number, people: number): number {
  return Math.min(one, other) * people + Math.max(one, other);
}

/** Merges the old and new pairs in order, each once, without self-pairs, and without lists beyond the longest. */
function withoutRepetition(
  before: Float64Array,
  drawn: Float64Array,
  people: number,
  degrees: Uint16Array,
): Float64Array {
  const all = new Float64Array(before.length + drawn.length);
  all.set(before);
  all.set(drawn, before.length);
  all.sort();
  degrees.fill(0);
  let kept = 0;
  for (const key of all) {
    const [one, other] = [Math.floor(key / people), key % people];
    if (one === other || (kept > 0 && all[kept - 1] === key)) continue;
    if (degrees[one]! >= LONGEST_LIST || degrees[other]! >= LONGEST_LIST) continue;
    degrees[one]! += 1;
    degrees[other]! += 1;
    all[kept] = key;
    kept += 1;
  }
  return all.slice(0, kept);
}

/** Fisher and Yates. */
function shuffle(keys: Float64Array, random: () => number): void {
  for (let at = keys.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    const key = keys[at]!;
    keys[at] = keys[other]!;
    keys[other] = key;
  }
}

function isIn(sorted: Float64Array, key: number): boolean {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === key;
}
