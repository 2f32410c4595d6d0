import { expect, test } from 'vitest';
import { FRIENDSHIPS, MEMBERS } from './zacharys-karate-club.ts';

test('the club has the members, pairs and degrees that the paper gives', () => {
  expect(MEMBERS).toHaveLength(34);
  expect(new Set(FRIENDSHIPS.map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`)).size).toBe(78);
  const degrees = MEMBERS.map((_, index) => FRIENDSHIPS.flat().filter((member) => member === index + 1).length);
  // The degree of each member, 1 to 34, as published.
  expect(degrees).toEqual([
    16, 9, 10, 6, 3, 4, 4, 4, 5, 2, 3, 1, 2, 5, 2, 2, 2, 2, 2, 3, 2, 2, 2, 5, 3, 3, 2, 4, 3, 4, 4, 6, 12, 17,
  ]);
});

test('every username is one that signUp would take, and no two are the same', () => {
  for (const { username } of MEMBERS) expect(username).toMatch(/^[a-z0-9_]{3,32}$/);
  expect(new Set(MEMBERS.map(({ username }) => username)).size).toBe(34);
});
