import type { Friend } from '@kith/client';
import { expect, test } from 'vitest';
import { lettersOf } from './letters-of.ts';

function friend(displayName: string, pinned = false): Friend {
  const user = { id: displayName, nickname: displayName, avatarUrl: null };
  return { user, remark: null, displayName, pinned, tags: [], since: '2026-01-01T00:00:00Z' };
}
const lettersIn = (...names: string[]) => lettersOf(names.map((name) => friend(name))).map(({ letter }) => letter);

test('a letter leads to the first of its names, accents and capitals aside', () => {
  const list = [friend('Zoë', true), friend('42'), friend('Ägidius'), friend('anna'), friend('Ben'), friend('Émile')];
  expect(lettersOf(list)).toEqual([
    { letter: '#', index: 1 },
    { letter: 'A', index: 2 },
    { letter: 'B', index: 4 },
    { letter: 'E', index: 5 },
  ]);
});

test('names in any script have letters, and those that begin with a sign are found too', () => {
  expect(lettersIn('Ann', 'Ίσος', '王小明', '😀 Zed')).toEqual(['A', 'Ι', '王', '…']);
});

test('of very many letters as many are left as fit, from the first on', () => {
  const names = Array.from({ length: 300 }, (_, at) => String.fromCodePoint(0x4e00 + at));
  const letters = lettersIn(...names);
  expect(letters.length).toBeGreaterThan(20);
  expect(letters.length).toBeLessThanOrEqual(28);
  expect(letters[0]).toBe(names[0]);
});
