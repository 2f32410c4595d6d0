import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { eventually } from '@kith/local-servers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { STATUS_OF } from './rules/refusal.ts';
import { type Shop, startShop } from './start/start-shop.ts';
import { readWalk, variablesOfWalk } from './start/walk.ts';
import { isSettled } from './testing/is-settled.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await startShop({ eventBus: 'jetstream' });
});
afterAll(() => shop?.stop());

test("the README's walk answers as it says, typed as it is", async () => {
  // Where the page waits for a second, whatever is under way is waited for.
  const settled = createServer(async (_request, response) => {
    await eventually('all is settled', () => isSettled(shop));
    response.end();
  }).listen(0, '127.0.0.1');
  await once(settled, 'listening');
  const SETTLED = `http://127.0.0.1:${(settled.address() as AddressInfo).port}`;
  const env = { ...process.env, ...variablesOfWalk(shop), SETTLED };
  // Answers come without a line feed: one a line is easier to read.
  const oneALine = 'curl() { command curl "$@"; local it=$?; echo; return $it; }';
  const script = `${oneALine}\nsleep() { command curl -s $SETTLED; }\n${await readWalk()}`;
  const { stdout } = await promisify(execFile)('bash', ['-eu', '-c', script], { env, timeout: 150_000 });
  settled.close();
  const [made, increased, left, shown, moved, paid, refused, renamed, followed, listed, rebuilt, again, ...more] =
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  expect(more).toEqual([]);
  expect(made).toMatchObject({ productName: '好吃的苹果', remains: 0 });
  expect([increased.remains, left.remains, shown.stock]).toEqual([10, 8, 8]);
  expect(moved.address).toEqual({ province: '四川', city: '成都', detail: '高新区' });
  expect([paid.status, refused.code]).toEqual(['PAID', 'ORDER_IS_PAID']);
  expect(renamed.name).toBe('红苹果');
  expect(followed).toMatchObject({ productName: '红苹果', formerName: '好吃的苹果' });
  expect(listed.items).toMatchObject([{ id: paid.id, status: 'PAID', totalPrice: 20 }]);
  expect([rebuilt, again]).toEqual([{ replayed: 3 }, listed]);
});

test('the README has every code, beside its status, and no other', async () => {
  const page = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, table = ''] = page.split('| status | code |\n');
  const rows = table
    .split('\n\n')[0]!
    .split('\n')
    .slice(1)
    .map((row) => row.split('|'));
  const told = rows.flatMap(([, statuses = '', codes = '']) =>
    [...codes.matchAll(/`([A-Z_]+)`/g)].map(([, code], at) => {
      const status = statuses.split(',').map(Number);
      return [code, status.length > 1 ? status[at] : status[0]];
    }),
  );
  expect(Object.fromEntries(told)).toEqual(STATUS_OF);
});
