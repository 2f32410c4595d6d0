import { expect, test } from 'vitest';
import { growGraph } from './grow-graph.ts';

const options = { people: 500, friendsEach: 5, seed: 7 };

test('the same seed grows the same graph, another one another', () => {
  expect(growGraph(options)).toEqual(growGraph(options));
  expect(growGraph({ ...options, seed: 8 })).not.toEqual(growGraph(options));
});

test('nobody befriends themself, and no pair comes twice', () => {
  const edges = growGraph(options);
  expect(edges.every(([a, b]) => a !== b)).toBe(true);
  expect(new Set(edges.map((edge) => [...edge].sort().join(' '))).size).toBe(edges.length);
  expect(edges.length).toBe(1 + 2 + 3 + 4 + 495 * 5);
});

test('a few have far more friends than most', () => {
  const degrees = new Map<number, number>();
  for (const person of growGraph(options).flat()) degrees.set(person, (degrees.get(person) ?? 0) + 1);
  const sorted = [...degrees.values()].sort((a, b) => b - a);
  expect(sorted[0]!).toBeGreaterThan(5 * sorted[250]!);
});
