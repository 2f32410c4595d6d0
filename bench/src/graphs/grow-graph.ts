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

/** mulberry32, https://github.com/bryc/code/blob/master/jshash/PRNGs.md: from 0 up to 1. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
