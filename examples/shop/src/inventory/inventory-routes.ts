import type pg from 'pg';
import { z } from 'zod';
import { pageOf, pageQuery, pageValues } from '../http/page-of-rows.ts';
import { wholeNumber } from '../http/read-fields.ts';
import { type Route, route } from '../http/routes.ts';
import { thisMoment } from '../rules/moment.ts';
import { untilKnown } from '../service/until-known.ts';
import { type Inventories, inventoryNotFound } from './inventory-repository.ts';

const increase = z.strictObject({ increaseNumber: wholeNumber(1, 1_000_000_000) });
const noQuery = z.strictObject({});

const SHOW = `
  SELECT inventory.product_id, product_name, former_name, remains, description, price
  FROM inventory LEFT JOIN product_description ON product_description.product_id = inventory.product_id`;

/** The inventory service's HTTP API. An inventory has the id of its product. */
export function inventoryRoutes(pool: pg.Pool, inventories: Inventories): Route[] {
  async function shown(id: string) {
    const found = await untilKnown(
      async () => (await pool.query(`${SHOW} WHERE inventory.product_id = $1`, [id])).rows[0] as object | undefined,
    );
    if (!found) throw inventoryNotFound(id);
    return show(found);
  }

  return [
    route('GET', '/inventories', pageQuery, async ({ input }) => {
      const page = `${SHOW} WHERE inventory.product_id < $1 ORDER BY inventory.product_id DESC LIMIT $2`;
      const { rows } = await pool.query(page, pageValues(input));
      return { body: pageOf(rows.map(show), input) };
    }),
    route('GET', '/inventories/:id', noQuery, async ({ id }) => ({ body: await shown(id) })),
    route('POST', '/inventories/:id/increase', increase, async ({ id, input }) => {
      await shown(id);
      await inventories.change(id, (inventory) => inventory.increase(input.increaseNumber, thisMoment()));
      return { body: await shown(id) };
    }),
  ];
}

// biome-ignore lint/suspicious/noExplicitAny: a row of SHOW.
function show(row: any) {
  const { product_id: id, product_name: productName, former_name: formerName, description, price } = row;
  // Null until the product service was asked.
  const asked = {
    productDescription: description as string | null,
    productPrice: price === null ? null : Number(price),
  };
  return { id: id as string, productId: id, productName, formerName, ...asked, remains: Number(row.remains) };
}
