import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@kith/local';
import { expect, test } from 'vitest';
import { WITH_MODULES_OF_THEIR_OWN } from './modules-of-their-own.ts';

const TOUCHES_MODULES = /^\s*(?:await )?vi\.(?:mock|doMock|unmock|doUnmock|resetModules)\(/m;

test('every unit test that mocks modules or loads them anew has a process of its own, and no other', () => {
  const tests = globSync('**/src/**/*.test.ts', { cwd: workspaceRoot, exclude: ['**/node_modules/**', '.*/**'] });
  const unit = tests.filter((file) => !/\.(?:int|e2e|cluster)\.test\.ts$/.test(file));
  expect(unit.length).toBeGreaterThan(100);
  const touching = unit.filter((file) => TOUCHES_MODULES.test(readFileSync(join(workspaceRoot, file), 'utf8')));
  expect(touching.sort()).toEqual([...WITH_MODULES_OF_THEIR_OWN].sort());
});
