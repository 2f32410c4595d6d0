import { expect, test } from 'vitest';
import { drawPowerLaw } from './power-law.ts';

const options = { people: 10_000, friendships: 100_000, seed: 5 };

function degreesOf(graph: ReturnType<typeof drawPowerLaw>, people: number): number[] {
  const degrees = Array.from({ length: people }, () => 0);
  for (let at = 0; at < graph.length; at += 1) for (const person of graph.pair(at)) degrees[person]! += 1;
  return degrees;
}

test('as many friendships as asked, each once, nobody with themself, and all of them are found', () => {
  const graph = drawPowerLaw(options);
  const seen = new Set<string>();
  for (let at = 0; at < graph.length; at += 1) {
    const [one, other] = graph.pair(at);
    if (one < other && graph.has(other, one)) seen.add(`${one} ${other}`);
  }
  expect(seen.size).toBe(options.friendships);
  const absent = Array.from({ length: 100 }, (_, n) => [9_000 + n, 9_500 + n] as const);
  for (const [one, other] of absent) expect(graph.has(one, other)).toBe(seen.has(`${one} ${other}`));
});

test('degrees follow a power law: person 0 has forty times the usual, and ten times as many have a third of a degree', () => {
  const degrees = degreesOf(drawPowerLaw(options), options.people);
  const usual = degrees.toSorted((a, b) => a - b)[options.people / 2]!;
  expect(degrees[0]!).toBeGreaterThan(40 * usual);
  const atLeast = (least: number) => degrees.filter((degree) => degree >= least).length;
  // With exponent 3 the number of those beyond a degree falls with its square.
  expect(atLeast(50) / atLeast(150)).toBeGreaterThan(6);
  expect(atLeast(50) / atLeast(150)).toBeLessThan(13);
});

test('no list is longer than lists may be', () => {
  const degrees = degreesOf(drawPowerLaw({ people: 9_000, friendships: 400_000, seed: 1 }), 9_000);
  expect(Math.max(...degrees)).toBeLessThanOrEqual(5_000);
});

test('the same seed draws the same graph, another one another', () => {
  const some = (seed: number) => {
    const graph = drawPowerLaw({ people: 500, friendships: 1_000, seed });
    return Array.from({ length: 50 }, (_, at) => graph.pair(at));
  };
  expect(some(3)).toEqual(some(3));
  expect(some(3)).not.toEqual(some(4));
});
