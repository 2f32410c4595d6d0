import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string) => JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'));
const { exports, publishConfig } = read('package.json') as {
  exports: Record<string, string>;
  publishConfig: { exports: Record<string, unknown> };
};
const modules = Object.values(exports).filter((path) => path.endsWith('.ts'));

test('whoever installs the package has the entries that the workspace has', () => {
  const packed = Object.entries(exports).map(([entry, path]) => {
    const built = path.replace('./src/', './dist/');
    if (!built.endsWith('.ts')) return [entry, built];
    const stem = built.slice(0, -'.ts'.length);
    return [entry, { types: `${stem}.d.ts`, default: `${stem}.js` }];
  });
  expect(publishConfig.exports).toEqual(Object.fromEntries(packed));
});

test.each([
  ['tsconfig.build.json', 'files'],
  ['typedoc.json', 'entryPoints'],
])('%s names every entry', (file, list) => {
  expect([...read(file)[list]].sort()).toEqual(modules.map((path) => path.replace('./', '')).sort());
});
