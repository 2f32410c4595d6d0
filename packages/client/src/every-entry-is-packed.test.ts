import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import viteConfig from '../vite.config.ts';

const read = (path: string) => JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'));
const { exports, publishConfig } = read('package.json') as {
  exports: Record<string, string>;
  publishConfig: { exports: Record<string, unknown> };
};
const modules = Object.values(exports)
  .map((path) => path.replace('./', ''))
  .sort();

test('whoever installs the package has the entries that the workspace has', () => {
  const packed = Object.entries(exports).map(([entry, path]) => {
    const stem = path.replace('./src/', './dist/').replace(/\.ts$/, '');
    return [entry, { types: `${stem}.d.ts`, default: `${stem}.js` }];
  });
  expect(publishConfig.exports).toEqual(Object.fromEntries(packed));
});

test.each([
  ['tsconfig.build.json', 'files'],
  ['typedoc.json', 'entryPoints'],
])('%s names every entry', (file, list) => {
  expect([...read(file)[list]].sort()).toEqual(modules);
});

test('each is built where its types are', () => {
  const { build } = viteConfig as { build: { lib: { entry: Record<string, string> } } };
  const { entry } = build.lib;
  expect(Object.values(entry).sort()).toEqual(modules);
  for (const [name, path] of Object.entries(entry)) expect(path).toBe(`src/${name}.ts`);
});
