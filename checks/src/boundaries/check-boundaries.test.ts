import { describe, expect, test } from 'vitest';
import { checkBoundaries } from './check-boundaries.ts';
import { type Manifest, resolveIn } from './read-import-graph.ts';
import { readImports } from './read-imports.ts';
import { parseRooms } from './read-rooms.ts';

const HEAD = '| room | what it does | may import |\n|---|---|---|\n';
const SHOP = `# Shop\n\n${HEAD}| \`src/\` | all | \`orders/\` |
| \`orders/\` | sells | \`rules/\` \`stock/\` \`@shop/kit\` \`pg\` |
| \`stock/\` | counts | |
| \`rules/\` | decides | |
| \`rules/read-clock.ts\` | the one that knows the time | \`node:*\` |
| \`*.test.ts\` | tests | \`vitest\` |\n\nMore.\n`;
const KIT = `${HEAD}| \`src/\` | all | |\n`;

const MANIFESTS: Manifest[] = [
  { name: '@shop/shop', folder: 'shop', entries: { '.': 'shop/src/index.ts' } },
  { name: '@shop/kit', folder: 'kit', entries: { '.': 'kit/src/index.ts' } },
];

const FILES: Record<string, string> = {
  'shop/src/index.ts': "export * from './orders/sell.ts';",
  'shop/src/orders/sell.ts':
    "import type pg from 'pg';\nimport { kit } from '@shop/kit';\nimport '../rules/price.ts';\nimport '../stock/count.ts';",
  'shop/src/orders/sell.test.ts': "import { test } from 'vitest';\nimport '../stock/count.ts';",
  'shop/src/stock/count.ts': '',
  'shop/src/stock/testing/many.ts': "import '../../rules/price.ts';",
  'shop/src/rules/price.ts': "import './read-clock.ts';",
  'shop/src/rules/read-clock.ts': "import { hrtime } from 'node:process';",
  'kit/src/index.ts': 'export const kit = 1;',
};

/** @param changed files with other contents, or more of them */
function check(changed: Record<string, string> = {}, shop = SHOP): string[] {
  const resolve = resolveIn(MANIFESTS);
  const files = Object.entries({ ...FILES, ...changed });
  const graph = new Map(
    files.map(([file, text]) => [file, readImports(file, text).map((name) => resolve(file, name))]),
  );
  const packages = new Map(MANIFESTS.map(({ name, folder }) => [name, folder]));
  return checkBoundaries({ graph, packages }, [
    parseRooms('shop', 'shop/README.md', shop),
    parseRooms('kit', 'kit/README.md', KIT),
  ]);
}

const add = (file: string, line: string) => ({ [file]: `${FILES[file]}\n${line}` });

test('a repository that is as its tables say has nothing wrong', () => {
  expect(check()).toEqual([]);
});

const literally = (text: string) => text.replaceAll(/[*()./]/g, '\\$&');

describe('one line names file, import and table when', () => {
  test.each([
    ['another room is imported', 'shop/src/stock/count.ts', "import '../rules/price.ts';", 'stock/', 'rules/'],
    ['a type of it is', 'shop/src/stock/count.ts', "import type { P } from '../rules/price.ts';", 'stock/', 'rules/'],
    ['it is handed on', 'shop/src/stock/count.ts', "export * from '../rules/price.ts';", 'stock/', 'rules/'],
    [
      'a type is named in place',
      'shop/src/stock/count.ts',
      "type P = import('../rules/price.ts').P;",
      'stock/',
      'rules/',
    ],
    ['it is imported later', 'shop/src/stock/count.ts', "await import('../rules/price.ts');", 'stock/', 'rules/'],
    [
      'its name is written as a template',
      'shop/src/stock/count.ts',
      'await import(`../rules/price.ts`);',
      'stock/',
      'rules/',
    ],
    ['it is required', 'shop/src/stock/count.ts', "require('../rules/price.ts');", 'stock/', 'rules/'],
    ['its name is computed', 'shop/src/stock/count.ts', 'await import(name);', 'stock/', 'import()'],
    ['a package of ours is', 'shop/src/rules/price.ts', "import { kit } from '@shop/kit';", 'rules/', '@shop/kit'],
    [
      'an entry that is not its row’s is',
      'shop/src/orders/sell.ts',
      "import '@shop/kit/more';",
      'orders/',
      '@shop/kit/more',
    ],
    [
      'a package is entered by a path',
      'shop/src/orders/sell.ts',
      "import '../../../kit/src/index.ts';",
      'orders/',
      'kit/src/',
    ],
    ['a library is', 'shop/src/rules/price.ts', "import 'pg';", 'rules/', 'pg'],
    ['a part of a library is', 'shop/src/rules/price.ts', "import 'pg/lib/x.js';", 'rules/', 'pg'],
    ['Node is', 'shop/src/rules/price.ts', "import 'node:crypto';", 'rules/', 'node:*'],
    ['Node is by its short name', 'shop/src/rules/price.ts', "import 'crypto';", 'rules/', 'node:*'],
    ['a test takes a library', 'shop/src/orders/sell.test.ts', "import 'pg';", '*.test.ts', 'pg'],
    ['a test takes a package', 'shop/src/orders/sell.test.ts', "import '@shop/kit';", '*.test.ts', '@shop/kit'],
    ['what only tests use is', 'shop/src/stock/count.ts', "import './testing/many.ts';", 'stock/', 'stock/testing/'],
    ['what is generated is', 'shop/src/stock/count.ts', "import '../generated/client.ts';", 'stock/', 'generated/'],
    ['a style is', 'shop/src/stock/count.ts', "import '../rules/rules.css';", 'stock/', 'rules/'],
  ])('%s', (_when, file, line, room, name) => {
    expect(check(add(file, line))).toEqual([
      expect.stringMatching(
        new RegExp(
          `^${file} imports '.+': the table in shop/README.md does not let .${literally(room)}. import .${literally(name)}.\\.$`,
        ),
      ),
    ]);
  });
});

test('a file with a row of its own has what that allows, and its room has not', () => {
  expect(check(add('shop/src/rules/read-clock.ts', "import '../stock/count.ts';"))).toEqual([
    "shop/src/rules/read-clock.ts imports '../stock/count.ts': the table in shop/README.md does not let `rules/read-clock.ts` import `stock/`.",
  ]);
});

test('a test is not imported, not even by its own room', () => {
  expect(check(add('shop/src/orders/sell.ts', "import './sell.test.ts';"))).toEqual([
    "shop/src/orders/sell.ts imports './sell.test.ts': the table in shop/README.md does not let `orders/` import `orders/`.",
  ]);
});

describe('what the table says too much is told', () => {
  test.each([
    [
      'an arrow that nobody goes',
      '| counts | |',
      '| counts | `rules/` |',
      'lets `stock/` import `rules/`, which it does not: take it out.',
    ],
    [
      'a library that nobody knows',
      '| decides | |',
      '| decides | `zod` |',
      'lets `rules/` import `zod`, which it does not: take it out.',
    ],
    [
      'a library that no test knows',
      '`vitest`',
      '`vitest` `ws`',
      'lets `*.test.ts` import `ws`, which it does not: take it out.',
    ],
    [
      'a room that is not there',
      '| `stock/` |',
      '| `attic/` | empty | |\n| `stock/` |',
      'has a row for `attic/`, which is not there.',
    ],
  ])('%s', (_what, from, to, told) => {
    expect(check({}, SHOP.replace(from, to))).toEqual([`shop/README.md ${told}`]);
  });
});

test('a room without a row is told, and may import nothing', () => {
  expect(check({ 'shop/src/cellar/wine.ts': "import '../stock/count.ts';" })).toEqual([
    "shop/src/cellar/wine.ts imports '../stock/count.ts': the table in shop/README.md does not let `cellar/` import `stock/`.",
    'shop/src/cellar/ has no row in the table of shop/README.md.',
  ]);
});

test('a row that cannot be read, or stands there twice, is an error and not a permission', () => {
  expect(() => check({}, SHOP.replace('| `stock/` | counts | |', '| stock | counts | |'))).toThrow(/cannot be read/);
  expect(() => check({}, SHOP.replace('| `stock/`', '| `rules/` | decides | |\n| `stock/`'))).toThrow(/twice/);
});

describe('a circle is told, allowed or not, between', () => {
  test('files of one room', () => {
    const two = {
      'shop/src/stock/count.ts': "import './weigh.ts';",
      'shop/src/stock/weigh.ts': "import './count.ts';",
    };
    expect(check(two)).toEqual([
      'files in a circle: shop/src/stock/count.ts → shop/src/stock/weigh.ts → shop/src/stock/count.ts',
    ]);
  });

  test('a file and itself', () => {
    expect(check({ 'shop/src/stock/count.ts': "import './count.ts';" })).toEqual([
      'files in a circle: shop/src/stock/count.ts → shop/src/stock/count.ts',
    ]);
  });

  test('rooms, by files that are in none', () => {
    const back = { 'shop/src/stock/refill.ts': "import '../orders/list.ts';", 'shop/src/orders/list.ts': '' };
    expect(check(back, SHOP.replace('| counts | |', '| counts | `orders/` |'))).toEqual([
      'rooms in a circle: shop/src/orders → shop/src/stock → shop/src/orders',
    ]);
  });

  test('packages', () => {
    const faults = check(add('kit/src/index.ts', "import '@shop/shop';"));
    expect(faults).toContain('packages in a circle: shop → kit → shop');
  });
});
