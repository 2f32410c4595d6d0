import type { InUnitOfWork } from '@kith/event-delivery';
import type pg from 'pg';
import { z } from 'zod';
import { pageOf, pageQuery, pageValues } from '../http/page-of-rows.ts';
import { amount, line, lines } from '../http/read-fields.ts';
import { created, type Route, route } from '../http/routes.ts';
import { thisMoment } from '../rules/moment.ts';
import { Product, type ProductEvent } from './product.ts';
import { productNotFound, productRepository } from './product-repository.ts';

const newProduct = z.strictObject({ name: line(100), description: lines(10_000), price: amount(1_000_000) });
const newName = z.strictObject({ newName: line(100) });
const noQuery = z.strictObject({});

const SHOW = `
  SELECT id, version, name, description, price, coalesce(remains, 0) AS stock, created_at
  FROM product LEFT JOIN stock_copy ON product_id = id`;

/** The product service's HTTP API. */
export function productRoutes(pool: pg.Pool, inUnitOfWork: InUnitOfWork<ProductEvent, pg.PoolClient>): Route[] {
  async function shown(id: string) {
    const { rows } = await pool.query(`${SHOW} WHERE id = $1`, [id]);
    if (!rows[0]) throw productNotFound(id);
    return show(rows[0]);
  }

  return [
    route('POST', '/products', newProduct, async ({ input }) => {
      const product = Product.create(input, thisMoment());
      await inUnitOfWork((unit) => productRepository.add(unit, product));
      return created('/products', product.state.id);
    }),
    route('GET', '/products', pageQuery, async ({ input }) => {
      const { rows } = await pool.query(`${SHOW} WHERE id < $1 ORDER BY id DESC LIMIT $2`, pageValues(input));
      return { body: pageOf(rows.map(show), input) };
    }),
    route('GET', '/products/:id', noQuery, async ({ id }) => ({ body: await shown(id) })),
    route('PUT', '/products/:id/name', newName, async ({ id, input }) => {
      const rename = (product: Product) => product.updateName(input.newName, thisMoment());
      await inUnitOfWork((unit) => productRepository.change(unit, id, rename));
      return { body: await shown(id) };
    }),
  ];
}

// biome-ignore lint/suspicious/noExplicitAny: a row of SHOW.
function show({ id, version, name, description, price, stock, created_at: createdAt }: any) {
  return {
    id: id as string,
    version: Number(version),
    name,
    description,
    price: Number(price),
    stock: Number(stock),
    createdAt,
  };
}
