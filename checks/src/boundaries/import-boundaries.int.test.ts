import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { workspaceRoot } from '@kith/local';
import { afterAll, beforeAll, expect, test } from 'vitest';

const CROSSINGS: [file: string, line: string][] = [
  ['services/user/src/a.ts', "import '@kith/friend';"],
  ['services/user/src/b.ts', "import '../../friend/src/print-schema.ts';"],
  ['services/user/src/c.ts', "import 'nats';"],
  ['services/user/src/d.ts', "import 'ioredis';"],
  ['services/user/src/e.ts', 'new PrismaClient({});'],
  ['services/friend/src/lists/a.ts', "import '../../../../gateway/src/main.ts';"],
  ['services/friend/src/lists/b.ts', "import '@kith/user';"],
  ['services/friend/src/lists/c.int.test.ts', "import '@kith/user';"],
  ['services/friend/src/lists/d.ts', "import '@nats-io/jetstream';"],
  ['services/friend/src/view/e.ts', "import 'ioredis';"],
  ['services/friend/src/lists/f.ts', 'new pg.Pool({ max: 1 });'],
  ['services/friend/src/domain/g.ts', "import 'zod';"],
  ['services/friend/src/domain/j.ts', "import '@kith/event-delivery';"],
  ['services/friend/src/domain/h.ts', "import '../lists/load-list.ts';"],
  ['services/friend/src/domain/i.ts', "import 'node:crypto';"],
  ['gateway/src/a.ts', "import '../../services/user/src/print-schema.ts';"],
  ['gateway/src/b.ts', "import '@kith/friend';"],
  ['gateway/src/c.ts', "import 'pg';"],
  ['gateway/src/d.ts', "import 'nats';"],
  ['packages/event-contracts/src/a.ts', "import '@kith/event-delivery';"],
  ['packages/event-contracts/src/b.ts', "import '@kith/event-delivery/outage';"],
  ['packages/written-text/src/a.ts', "import '@kith/service-kit';"],
  ['packages/event-delivery/src/b.ts', "import 'nats';"],
  ['packages/service-kit/src/c.ts', "import '../../../services/user/src/print-schema.ts';"],
];
const ALLOWED: [file: string, line: string][] = [
  ['services/user/src/connect-prisma.ts', 'new PrismaClient({});'],
  ['services/friend/src/view/redis/connect-redis.ts', "import 'ioredis';"],
  ['services/friend/src/view/kill-redis.int.test.ts', "import 'ioredis';"],
  ['services/friend/src/lists/typed.ts', "import type pg from 'pg';\nexport type Connection = pg.Pool;"],
  ['services/friend/src/domain/rule.ts', "import '@kith/event-contracts';\nimport './relationship.ts';"],
  ['services/user/src/domain/rule.ts', "import '@kith/written-text';"],
  ['services/friend/src/domain/rule.test.ts', "import 'vitest';"],
  ['services/friend/src/domain/envelope.ts', "import '@kith/event-delivery/envelope';"],
  ['services/friend/src/domain/recorded.ts', "import '@kith/event-delivery/domain-events';"],
  ['packages/event-contracts/src/events/subjects.ts', "import '@kith/event-delivery/envelope';"],
  ['packages/event-delivery/src/jetstream/connect.ts', "import 'nats';"],
  ['packages/service-kit/src/databases/create-pool.ts', 'new pg.Pool({ max: 1 });'],
];

let reported: string;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kith-boundaries-'));
  await cp(join(workspaceRoot, 'biome.json'), join(folder, 'biome.json'));
  await cp(join(workspaceRoot, 'checks/src/boundaries'), join(folder, 'checks/src/boundaries'), { recursive: true });
  await writeFile(join(folder, '.gitignore'), 'node_modules/\n');
  for (const [file, line] of [...CROSSINGS, ...ALLOWED]) {
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
  return diagnostics.some(
    ({ category, location }) => location.path === file && /noRestrictedImports|plugin/.test(category),
  );
};

test.each(CROSSINGS)('%s may not say %s', (file) => {
  expect(isReported(file)).toBe(true);
});

test.each(ALLOWED)('%s may say %s', (file) => {
  expect(isReported(file)).toBe(false);
});
