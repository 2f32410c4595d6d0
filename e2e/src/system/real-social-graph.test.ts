import { expect, test } from 'vitest';
import { GRAPH, scaleFreeGraph } from './real-social-graph.ts';

test('the graph that stands in has the real one’s people, friendships and most friends, each pair once', () => {
  const edges = scaleFreeGraph();
  const friends = new Map<number, number>();
  for (const person of edges.flat()) friends.set(person, (friends.get(person) ?? 0) + 1);
  expect(edges).toHaveLength(GRAPH.friendships);
  expect(new Set(edges.map(([a, b]) => [a, b].sort().join())).size).toBe(GRAPH.friendships);
  expect(friends.size).toBe(GRAPH.people);
  expect(friends.get(0)).toBe(GRAPH.mostFriends);
  expect(Math.max(...friends.values())).toBe(GRAPH.mostFriends);
  expect(scaleFreeGraph()).toEqual(edges);
});
