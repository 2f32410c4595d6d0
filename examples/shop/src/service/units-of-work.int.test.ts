import { randomUUID } from 'node:crypto';
import type { Log } from '@kith/event-delivery';
import { createDatabaseIfMissing } from '@kith/local-servers';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { Product, type ProductEvent } from '../product/product.ts';
import { productRepository } from '../product/product-repository.ts';
import { productService } from '../product/product-service.ts';
import { toContract } from '../product/tell-of-products.ts';
import { thisMoment } from '../rules/moment.ts';
import { createTables } from '../run/create-tables.ts';
import { openUnitsOfWork } from './units-of-work.ts';

let pool: pg.Pool;
beforeAll(async () => {
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/shop_units_${randomUUID().replaceAll('-', '')}`;
  await createDatabaseIfMissing(url.href);
  pool = new pg.Pool({ connectionString: url.href });
  // Its server may end first.
  pool.on('error', () => undefined);
  await createTables(pool, productService.tables);
});
afterAll(() => pool?.end());

test('while audit lines wait to be written no unit of work begins, and then every event has its line', async () => {
  const failures: object[] = [];
  const ignore = () => undefined;
  const log: Log = { debug: ignore, info: ignore, warn: ignore, error: (fields) => void failures.push(fields) };
  const written = Promise.withResolvers<void>();
  const lines: string[] = [];
  const audit = async ({ source }: ProductEvent) => {
    await written.promise;
    lines.push(source.id);
  };
  const { inUnitOfWork, stop } = openUnitsOfWork<ProductEvent>({ pool, log, toContract, audit });
  const create = async () => {
    const product = Product.create({ name: '苹果', description: '', price: 10 }, thisMoment());
    await inUnitOfWork((unit) => productRepository.add(unit, product));
    return product.state.id;
  };

  // One line is being written, and a hundred wait.
  const ids: string[] = [];
  for (let n = 0; n < 101; n += 1) ids.push(await create());
  let isDone = false;
  const next = create().finally(() => {
    isDone = true;
  });
  // Far longer than a unit of work takes.
  for (let n = 0; n < 100; n += 1) await pool.query('SELECT');
  const { rows } = await pool.query('SELECT count(*)::int AS products FROM product');
  expect([isDone, rows]).toEqual([false, [{ products: 101 }]]);

  written.resolve();
  ids.push(await next);
  await stop();
  expect([lines, failures]).toEqual([ids, []]);
});
