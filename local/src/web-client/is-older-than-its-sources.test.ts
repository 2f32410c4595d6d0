import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isOlderThanItsSources } from './is-older-than-its-sources.ts';

let folder: string;
const path = (name: string) => join(folder, name);
const isOlder = () => isOlderThanItsSources(path('built.html'), [path('src'), path('config.json')]);

/** Sets the time of writing, in seconds after the start of the test's clock. */
async function write(name: string, second: number): Promise<void> {
  await writeFile(path(name), '');
  await utimes(path(name), 1_000 + second, 1_000 + second);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kith-older-'));
  await mkdir(path('src/deep/generated'), { recursive: true });
  await write('src/deep/page.ts', 1);
  await write('config.json', 1);
});
afterEach(() => rm(folder, { recursive: true }));

test('what was never made is older than anything', async () => {
  expect(await isOlder()).toBe(true);
});

test('a file or a folder that was written later makes it older', async () => {
  await write('built.html', 2);
  expect(await isOlder()).toBe(false);
  await write('src/deep/page.ts', 3);
  expect(await isOlder()).toBe(true);
  await write('built.html', 4);
  await write('config.json', 5);
  expect(await isOlder()).toBe(true);
});

test('tests and generated code do not', async () => {
  await write('built.html', 2);
  await write('src/deep/page.test.ts', 3);
  await write('src/deep/generated/graphql.ts', 3);
  expect(await isOlder()).toBe(false);
});
