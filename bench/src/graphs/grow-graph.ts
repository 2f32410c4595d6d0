import { seeded } from './seeded.ts';

/**
 * A scale-free graph: each person who joins befriends some of those before, the more often whoever has more friends
 * (Barabási and Albert, "Emergence of Scaling in Random Networks", Science 286, 1999). The same seed, the same graph.
 *
 * @returns pairs of different people, each pair once
 */
export function growGraph(options: { people: number; friendsEach: number; seed: number }): [number, number][] {
  const { people, friendsEach } = options;
  const random = seeded(options.seed);
  const edges: [number, number][] = [];
  /** Everybody, as often as they have friends: a uniform choice from it prefers whoever has many. */
  const ends: number[] = [];
  for (let joining = 1; joining < people; joining++) {
    const chosen = new Set<number>();
    while (chosen.size < Math.min(friendsEach, joining)) {
      const isFirst = ends.length === 0 || joining <= friendsEach;
      chosen.add(isFirst ? chosen.size : ends[Math.floor(random() * ends.length)]!);
    }
    for (const other of chosen) {
      edges.push([joining, other]);
      ends.push(joining, other);
    }
  }
  return edges;
}
