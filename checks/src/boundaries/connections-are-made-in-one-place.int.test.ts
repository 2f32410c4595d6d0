import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { workspaceRoot } from '@kith/local';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ELSEWHERE: [file: string, line: string][] = [
  ['services/user/src/e.ts', 'new PrismaClient({});'],
  ['services/friend/src/lists/f.ts', 'new pg.Pool({ max: 1 });'],
  ['gateway/src/live/g.ts', 'new pg.Client({});'],
];
const IN_THEIR_PLACE: [file: string, line: string][] = [
  ['services/user/src/connect-prisma.ts', 'new PrismaClient({});'],
  ['services/friend/src/lists/typed.ts', "import type pg from 'pg';\nexport type Connection = pg.Pool;"],
  ['services/friend/src/lists/waits.int.test.ts', 'new pg.Client({});'],
  ['packages/service-kit/src/databases/create-pool.ts', 'new pg.Pool({ max: 1 });'],
];

let reported: string;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kith-connections-'));
  await cp(join(workspaceRoot, 'biome.json'), join(folder, 'biome.json'));
  await cp(join(workspaceRoot, 'checks/src/boundaries'), join(folder, 'checks/src/boundaries'), { recursive: true });
  await writeFile(join(folder, '.gitignore'), 'node_modules/\n');
  for (const [file, line] of [...ELSEWHERE, ...IN_THEIR_PLACE]) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), `${line}\n`);
  }
  const biome = join(workspaceRoot, 'node_modules/.bin/biome');
  const args = ['lint', '--reporter=json', '--max-diagnostics=none', 'services', 'gateway', 'packages'];
  const { stdout } = await promisify(execFile)(biome, args, { cwd: folder }).catch(
    (error: { stdout: string }) => error,
  );
  reported = stdout;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const isReported = (file: string) => {
  const { diagnostics } = JSON.parse(reported) as {
    diagnostics: { category: string; location: { path: string } }[];
  };
  return diagnostics.some(({ category, location }) => location.path === file && category === 'plugin');
};

test.each(ELSEWHERE)('%s may not say %s', (file) => {
  expect(isReported(file)).toBe(true);
});

test.each(IN_THEIR_PLACE)('%s may say %s', (file) => {
  expect(isReported(file)).toBe(false);
});
