import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { WORKSPACE } from './run-kith.ts';

/** Of ego-Facebook, and of what stands in for it. */
export const GRAPH = { people: 4_039, friendships: 88_234, mostFriends: 1_045 } as const;

/**
 * The ego-Facebook graph of SNAP (https://snap.stanford.edu/data/ego-Facebook.html) as a gzip edge list: the file that
 * KITH_EGO_FACEBOOK names, or the one in the folder shared/data beside the checkout. It is not ours to ship, so where
 * there is none, a graph of the same size and of like shape is made, the same each time, and the run says so.
 */
export async function realSocialGraph(folder: string): Promise<string> {
  const beside = join(WORKSPACE, '..', 'shared', 'data', 'ego-facebook.txt.gz');
  const file = process.env.KITH_EGO_FACEBOOK ?? (existsSync(beside) ? beside : undefined);
  if (file !== undefined) return file;
  process.stdout.write(
    'No ego-facebook.txt.gz (set KITH_EGO_FACEBOOK): a made-up graph of the same size is imported.\n',
  );
  const made = join(folder, 'made-up-graph.txt.gz');
  await writeFile(
    made,
    gzipSync(
      scaleFreeGraph()
        .map(([a, b]) => `${a} ${b}\n`)
        .join(''),
    ),
  );
  return made;
}

/**
 * Preferential attachment (Barabási and Albert, Science 286, 1999): who has many friends finds more. Person 0 is the
 * one with the most friends, exactly as many as in the real graph.
 */
export function scaleFreeGraph(): [number, number][] {
  const random = linearCongruence(20_261_122);
  const edges = new Map<string, [number, number]>();
  /** Everybody once for each friend they have: drawn from it, a person comes up as often as they have friends. */
  const ends: number[] = [];
  const bind = (a: number, b: number) => {
    const key = a < b ? `${a} ${b}` : `${b} ${a}`;
    if (a === b || edges.has(key)) return;
    edges.set(key, [a, b]);
    if (a !== 0) ends.push(a);
    if (b !== 0) ends.push(b);
  };
  // Every person has a friend, and person 0 has theirs all over the graph.
  for (let person = 2; person < GRAPH.people; person += 1) bind(person - 1, person);
  while (edges.size < GRAPH.people - 2 + GRAPH.mostFriends) bind(0, 1 + random(GRAPH.people - 1));
  while (edges.size < GRAPH.friendships) bind(1 + random(GRAPH.people - 1), ends[random(ends.length)]!);
  // No other person comes near person 0: a draw by friends reaches the few hundred of a like hub at most.
  return [...edges.values()];
}

/** Numerical Recipes' generator: the same numbers on every machine. Answers from 0 up to, but without, `below`. */
function linearCongruence(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
