import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gatewayConfig } from '@kith/gateway';
import {
  credentialsConfig,
  loadService,
  migrateConfig,
  OPERATIONS,
  oneProcessConfig,
  seedConfig,
  startConfigSchema,
  workspaceRoot,
} from '@kith/local';
import { ERROR_CODES } from '@kith/service-kit';
import { SERVICE_NAMES } from '@kith/services';
import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { hasTest } from './tests-by-title.ts';

const read = (path: string) => readFileSync(join(workspaceRoot, path), 'utf8');

const FOLDERS = '{gateway,services,packages,web,local,operator,checks,prisma,e2e,bench,examples,docs}';
const isOurs = (path: string) => !/(^|\/)(node_modules|dist[^/]*|generated)(\/|$)/.test(path);
const files = [`${FOLDERS}/**/*`, '*.{md,json,yml,yaml,ts}'].flatMap((pattern) =>
  globSync(pattern, { cwd: workspaceRoot, exclude: (path) => !isOurs(path) }),
);
const pages = files.filter((path) => path.endsWith('.md'));
const code = files.filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'));

const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found]) => found as string);
const sorted = (names: Iterable<string>) => [...new Set(names)].sort();

/** The rows below a table's head, as the texts of their cells. */
function rowsBelow(page: string, head: string): string[][] {
  const [, after = ''] = page.split(head);
  const [table = ''] = after.split('\n\n');
  const rows = table.split('\n').filter((line) => line.startsWith('|') && !/^\|[-|]+$/.test(line));
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

const ofServices = await Promise.all(SERVICE_NAMES.map(async (name) => [name, (await loadService(name)).configSchema]));

describe("the README's table of configuration", () => {
  const processes: Record<string, z.ZodObject> = { ...Object.fromEntries(ofServices), gateway: gatewayConfig };
  const others = [startConfigSchema, oneProcessConfig, credentialsConfig, migrateConfig, seedConfig];
  const rows = rowsBelow(read('README.md'), '| variable | for | default | what |').map(
    ([names = '', users = '', defaults = '']) => ({
      names: matches(names, /`(\w+)`/g),
      users: users.split(', '),
      defaults: defaults.split(', ').map((text) => text.replaceAll('`', '')),
    }),
  );

  test('has every variable that a process reads, and no other', () => {
    const variables = [...Object.values(processes), ...others].flatMap(({ shape }) => Object.keys(shape));
    expect(sorted(rows.flatMap(({ names }) => names))).toEqual(sorted(variables));
  });

  test.each(Object.entries(processes))('says which of them the %s process reads', (name, { shape }) => {
    const told = rows.filter(({ users }) => users.includes('all') || users.includes(name));
    expect(sorted(told.flatMap(({ names }) => names))).toEqual(sorted(Object.keys(shape)));
  });

  test('tells the defaults', () => {
    const isValue = (text: string) => /^\d+$|^(jetstream|off|on|info|development|\.kith)$/.test(text);
    const told = rows.flatMap(({ names, defaults }) =>
      names.length === defaults.length ? names.map((name, at) => [name, defaults[at] as string] as const) : [],
    );
    const values = told.filter(([, text]) => isValue(text));
    const actual = values.map(([name]) => {
      const schema = [...Object.values(processes), ...others].find(({ shape }) => name in shape) as z.ZodObject;
      return [name, String((schema.shape[name] as z.ZodType).parse(undefined))];
    });
    expect(values.length).toBeGreaterThan(25);
    expect(actual).toEqual(values);
  });
});

test('every metric is told of in the operations page, and every one that is told of anywhere is there', () => {
  const metrics = sorted(code.flatMap((path) => matches(read(path), /\bname: '(kith_\w+)'/g)));
  const inPage = (path: string) => matches(read(path), /\b(kith_[a-z]+_[a-z_]+)\b/g);
  expect(sorted(inPage('docs/operations.md'))).toEqual(metrics);
  expect(sorted(pages.flatMap(inPage))).toEqual(metrics);
});

test('the guide for clients has every error code, and no other', () => {
  const rows = rowsBelow(read('docs/api.md'), '| `extensions.code` | What to do |');
  expect(sorted(rows.flatMap(([codes = '']) => matches(codes, /`(\w+)`/g)))).toEqual(sorted(ERROR_CODES));
});

test('the operations of the tour, and of what `start` prints, fit the public schema', () => {
  const schema = buildSchema(read('docs/api.graphql'));
  const tour = matches(read('README.md'), /```graphql\n([\s\S]+?)```/g);
  expect(tour.length).toBeGreaterThan(3);
  for (const operation of [...tour, ...OPERATIONS]) expect(validate(schema, parse(operation))).toEqual([]);
});

test("the README's life of one change takes seven files at most", () => {
  const rows = rowsBelow(read('README.md'), '| | what happens | where | and there, in more detail |');
  const paths = rows.flatMap(([, , where = '']) => matches(where, /`([^`]+)`/g));
  expect(paths.length).toBeGreaterThan(4);
  expect(paths.length).toBeLessThanOrEqual(7);
  expect(paths.filter((path) => !files.includes(path))).toEqual([]);
});

test('every decision is in the index, by its title', () => {
  const numbered = pages.filter((path) => /^docs\/decisions\/\d/.test(path)).sort();
  const titles = numbered.map((path) => /^# (\d+)\. (.+)$/m.exec(read(path))?.slice(1) ?? [path]);
  const entries = numbered.map((path, at) => `| ${titles[at]?.[0]} | [${titles[at]?.[1]}](${basename(path)}) |`);
  expect(
    read('docs/decisions/README.md')
      .split('\n')
      .filter((line) => /^\| \d/.test(line)),
  ).toEqual(entries);
});

test('every invariant of live lists is held by a test of that title', () => {
  const rows = rowsBelow(read('docs/live-lists.md'), '| | holds | file | test |');
  expect(rows.length).toBeGreaterThan(10);
  const untested = rows.filter(([, , file = '', title = '']) => {
    const path = file.replaceAll('`', '');
    return !files.includes(path) || !read(path).includes(`test('${title}'`);
  });
  expect(untested).toEqual([]);
});

/** Whether a package of ours gives it out: `@kith/<folder>/<entry>`. */
function isEntryOfAPackage(name: string): boolean {
  const [, folder, entry] = /^@kith\/([\w-]+)\/(.+)$/.exec(name) ?? [];
  if (!existsSync(join(workspaceRoot, `packages/${folder}/package.json`))) return false;
  const { exports } = JSON.parse(read(`packages/${folder}/package.json`)) as { exports: Record<string, unknown> };
  return `./${entry}` in exports;
}
test('every invariant that is asserted is told of with its number, where it stands and the test that sees it speak', () => {
  const rows = rowsBelow(read('docs/live-lists.md'), '| | holds | looked at in | test file | test |');
  const told = rows.map(([number = '', , file = '', testFile = '', title = '']) => ({
    ...{ number, title, file: file.replaceAll('`', ''), testFile: testFile.replaceAll('`', '') },
  }));
  const numbers = (path: string) => matches(read(path), /\((S\d+)\)'/g);
  expect(told.map(({ number }) => number).sort()).toEqual(sorted(code.flatMap(numbers)));
  const misplaced = told.filter(({ number, file, testFile, title }) => {
    if (!files.includes(file) || !files.includes(testFile) || !numbers(file).includes(number)) return true;
    return !read(testFile).includes(`'${title}'`) || !read(testFile).includes(number);
  });
  expect(misplaced).toEqual([]);
});

test('every concept of event delivery is where the page says, and held by a test of that title', () => {
  const tables = read('docs/event-delivery.md').split('| concept | where | test |').slice(1);
  const rows = tables.flatMap((table) => rowsBelow(`| head |${table}`, '| head |'));
  expect(rows.length).toBeGreaterThan(15);
  const untested = rows.filter(([, where = '', held = '']) => {
    const [, path, title] = /^`([^`]+)`: (.+)$/.exec(held) ?? [];
    const file = files.find((each) => `/${each}`.endsWith(`/${path}`));
    return !matches(where, /`([^`]+)`/g).length || !file || !title || !isTitledThere(file, title);
  });
  expect(untested).toEqual([]);
});

const isTitledThere = (file: string, title: string) => read(file).includes(`'${title}'`) || hasTest(read(file), title);

describe.each(pages)('%s', (page) => {
  const text = read(page);

  test('links to what is there', () => {
    const links = matches(text, /\]\(([^)\s]+)\)/g).filter((link) => !/^https?:/.test(link));
    const broken = links.filter((link) => {
      const [path, heading] = link.split('#');
      const target = path ? join(dirname(page), path) : page;
      if (!existsSync(join(workspaceRoot, target))) return true;
      return heading !== undefined && !headingsOf(target).includes(heading);
    });
    expect(broken).toEqual([]);
  });

  test('names files that are there', () => {
    const named = matches(text, /`([\w@./-]+\.(?:tsx?|sql|lua|md|ya?ml|graphql|grit))`/g);
    // The style says that there is none of this name.
    const missing = named.filter(
      (name) =>
        name !== 'utils.ts' && !isEntryOfAPackage(name) && !files.some((path) => `/${path}`.endsWith(`/${name}`)),
    );
    expect(missing).toEqual([]);
  });

  test('calls commands that the workspace has', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const called = matches(text, /npx -y pnpm@\d+ ([a-z:]+)/g);
    expect(called.filter((name) => !(name in scripts) && name !== 'audit')).toEqual([]);
  });
});

/** As the web shows them: small letters, without signs, joined by dashes. */
function headingsOf(page: string): string[] {
  return matches(read(page), /^#+ (.+)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-'),
  );
}
