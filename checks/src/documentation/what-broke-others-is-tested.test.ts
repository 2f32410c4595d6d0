import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@kith/local';
import { describe, expect, test } from 'vitest';
import { hasTest, type NamedTest, readNamedTests } from './tests-by-title.ts';

const PAGE = 'docs/inputs-that-broke-others.md';
const read = (path: string) => readFileSync(join(workspaceRoot, path), 'utf8');

const FOLDERS = '{gateway,services,packages,web,local,operator,checks,prisma,e2e,bench,examples}';
const files = globSync(`${FOLDERS}/**/*.ts`, {
  cwd: workspaceRoot,
  exclude: (path) => /(^|\/)(node_modules|dist[^/]*|generated)(\/|$)/.test(path),
});

function whatIsWrongWith({ file, titles }: NamedTest): string[] {
  const [path, ...others] = files.filter((each) => `/${each}`.endsWith(`/${file}`));
  if (!path) return [`there is no ${file}`];
  if (others.length > 0) return [`there are several of ${file}: ${[path, ...others]}`];
  if (titles.length === 0) return [`no title says which test of ${file}`];
  const source = read(path);
  return titles.flatMap((title) => (hasTest(source, title) ? [] : [`${file} has no test “${title}”`]));
}

/** The last cells of all rows below heads, each with the tests that it names. */
function rowsOf(page: string): { row: string; named: NamedTest[] }[] {
  let above: string | undefined;
  return page.split('\n').flatMap((line) => {
    if (!line.startsWith('|') || /^\|(-+\|)+$|^\| source \|/.test(line)) return [];
    const cells = line.slice(1, -1).split(/(?<!\\)\|/);
    const named = readNamedTests((cells[3] ?? '').trim(), above);
    above = named.at(-1)?.file;
    return [{ row: cells.slice(0, 2).join('|').trim(), named }];
  });
}

const rows = rowsOf(read(PAGE));

test('there are rows to be held', () => {
  expect(rows.length).toBeGreaterThan(120);
});

test.each(rows)('$row: is held by tests that are there', ({ named }) => {
  expect(named.length).toBeGreaterThan(0);
  expect(named.flatMap(whatIsWrongWith)).toEqual([]);
});

describe('a row without its test is found out:', () => {
  const own = 'checks/src/documentation/what-broke-others-is-tested.test.ts';
  const of = (cell: string) => readNamedTests(cell, own).flatMap(whatIsWrongWith);

  test.each([
    ['', 'there is no '],
    ['somewhere', 'there is no somewhere'],
    ['`nowhere.test.ts`: it is', 'there is no nowhere.test.ts'],
    ['`index.ts`: it is', 'there are several of index.ts'],
    [`\`${own}\``, 'no title says which test'],
    [`\`${own}\`: there are rows`, 'has no test “there are rows”'],
    [`\`${own}\`: “there are rows to be held”, “and more”`, 'has no test “and more”'],
    [`\`${own}\`: what nobody wrote: is held by tests that are there`, 'has no test “what nobody wrote'],
    ['the same file: nothing of it', `${own} has no test “nothing of it”`],
  ])('%s', (cell, found) => {
    expect(of(cell).join()).toContain(found);
  });

  test.each([
    `\`${own}\`: there are rows to be held`,
    `\`${own}\`: "there are rows to be held"`,
    `\`${own}\` and \`${own}\`: “there are rows to be held”; \`${own}\`: “…: is held by tests that are there”`,
  ])('but not of %s', (cell) => {
    expect(of(cell)).toEqual([]);
  });
});
