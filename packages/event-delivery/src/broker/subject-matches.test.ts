import { expect, test } from 'vitest';
import { subjectMatches } from './subject-matches.ts';

test.each([
  ['a.b', 'a.b', true],
  ['a.b', 'a.c', false],
  ['a.b', 'a.b.c', false],
  ['a.b.c', 'a.b', false],
  ['a.*', 'a.b', true],
  ['a.*', 'a', false],
  ['a.*', 'a.b.c', false],
  ['*.b', 'a.b', true],
  ['a.>', 'a.b', true],
  ['a.>', 'a.b.c', true],
  ['a.>', 'a', false],
  ['>', 'a', true],
  ['a.*.>', 'a.b.c.d', true],
  ['a.*.>', 'a.b', false],
])('%s takes %s: %s', (pattern, subject, taken) => expect(subjectMatches(pattern, subject)).toBe(taken));
