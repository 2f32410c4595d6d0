import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { expect, test } from 'vitest';
import { listFiles } from '../boundaries/read-import-graph.ts';
import { findTooLong, MOST_FILES, roomy } from './find-what-is-too-long.ts';

const ROOT = join(import.meta.dirname, '../../..');
const files = listFiles(ROOT);
/** Code alone: what a command writes is as long as it is, and so is a migration that has been applied. */
const code = files.filter((path) => /\.(?:[cm]?[jt]sx?|css|lua|grit)$/.test(path));

test('no file is longer than its limit, unless its first comment says why', () => {
  expect(code.length).toBeGreaterThan(900);
  expect(code.flatMap((path) => findTooLong(path, readFileSync(join(ROOT, path), 'utf8')) ?? [])).toEqual([]);
});

test('no folder has more files than its limit', () => {
  const crowded = [...Map.groupBy(files, (path) => dirname(path))]
    .filter(([folder, inside]) => inside.length > MOST_FILES && !roomy(folder))
    .map(([folder, inside]) => `${folder}/ has ${inside.length} files: give each trade a room.`);
  expect(crowded).toEqual([]);
});

const lines = (count: number, first = 'const a = 1;') => `${first}\n${'a;\n'.repeat(count - 1)}`;

test.each([
  ['is as long as it may be', lines(250), undefined],
  ['is a line too long', lines(251), 'a.ts has 251 lines'],
  [
    'says why, in its first line',
    lines(251, '// Longer than other files: one table, which is read from top to bottom.'),
    undefined,
  ],
  [
    'says why, in its first block',
    lines(251, '/** Longer than other files: one table, read from top to bottom. */'),
    undefined,
  ],
  ['says so without a reason', lines(251, '// Longer than other files: big.'), 'a.ts has 251 lines'],
  [
    'says why below the code',
    `${lines(251)}// Longer than other files: one table, which is read from top to bottom.\n`,
    'a.ts has 252 lines',
  ],
  [
    'says why and is short',
    lines(10, '// Longer than other files: one table, read from top to bottom.'),
    'a.ts has 10 lines',
  ],
])('a file that %s', (_how, text, told) => {
  if (told === undefined) expect(findTooLong('a.ts', text)).toBeUndefined();
  else expect(findTooLong('a.ts', text)).toContain(told);
});
