import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@kith/local';
import { describe, expect, test } from 'vitest';

const read = (path: string) => readFileSync(join(workspaceRoot, path), 'utf8');

const isProduction = (path: string) => !/node_modules|\/(dist|generated|testing)[^/]*\/|\.test\.tsx?$/.test(path);
const readAll = (pattern: string) =>
  globSync(pattern, { cwd: workspaceRoot }).filter(isProduction).map(read).join('\n');

const wordsOf = (text: string) => new Set(text.match(/\w+/g));

const code = wordsOf(readAll('{gateway,services/*,packages/*,web}/src/**/*.{ts,tsx,lua}'));
const places = {
  columns: wordsOf(read('prisma/friend/schema.prisma') + read('prisma/user/schema.prisma')),
  events: wordsOf(readAll('packages/event-contracts/src/**/*.ts')),
  'public schema': wordsOf(read('docs/api.graphql')),
  code,
};

const [head = [], , ...rows] = read('docs/glossary.md')
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) => line.split('|').map((cell) => cell.trim()));

const namesIn = (column: string) =>
  rows.flatMap((row) => [...(row[head.indexOf(column)] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name as string));

describe("the glossary's names", () => {
  test.each(Object.entries(places))('of %s are there', (column, words) => {
    const names = namesIn(column);
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !words.has(name))).toEqual([]);
  });

  test('that are no longer used are in no production code', () => {
    const names = namesIn('no longer');
    expect(names.length).toBeGreaterThan(3);
    expect(names.filter((name) => code.has(name))).toEqual([]);
  });

  test('name one thing each: no word has two rows', () => {
    const words = rows.map((row) => row[head.indexOf('word')]);
    expect(words).toEqual([...new Set(words)]);
  });
});
