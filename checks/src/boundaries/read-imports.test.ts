import { expect, test } from 'vitest';
import { COMPUTED, readImports } from './read-imports.ts';

test.each([
  ["import a from 'x';", ['x']],
  ["import type { A } from 'x';", ['x']],
  ["import { type A } from 'x';", ['x']],
  ["import 'x';", ['x']],
  ["import * as a from 'x';", ['x']],
  ["import defer * as a from 'x';", ['x']],
  ["import a from 'x' with { type: 'json' };", ['x']],
  ["export * from 'x';", ['x']],
  ["export * as a from 'x';", ['x']],
  ["export { a } from 'x';", ['x']],
  ["export type { A } from 'x';", ['x']],
  ["const a = () => import('x');", ['x']],
  ['const a = () => import(`x`);', ['x']],
  ["const a = () => import('./' + name);", [COMPUTED]],
  ["type A = import('x').A;", ['x']],
  ["type A = typeof import('x');", ['x']],
  ["import a = require('x');", ['x']],
  ["const a = require('x');", ['x']],
  ["const a = require.resolve('x');", ['x']],
  ["const a = import.meta.resolve('x');", ['x']],
  ["vi.mock('x', () => ({}));", ['x']],
  ["/// <reference path='x' />", ['x']],
  ['/// <reference types="x" />', ['x']],
  ["import a from\n  // why\n  'x';", ['x']],
  ["import 'x'; import 'y'; export * from 'x';", ['x', 'y']],
  ["// import 'x';\n/* from 'y' */ const text = \"import 'z'\";", []],
  ['export const a = 1; export { a as b };', []],
])('%s', (text, names) => {
  expect(readImports('a.ts', text)).toEqual(names);
});

test('what is no TypeScript is an error, and not a file without imports', () => {
  expect(() => readImports('a.ts', 'import {')).toThrow(/a\.ts/);
});
