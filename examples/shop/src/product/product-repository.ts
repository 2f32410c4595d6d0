import { appendToOutbox, inTransaction, type SqlConnection } from '@kith/event-delivery';
import type pg from 'pg';
import { Refusal } from '../refusal.ts';
import { Product } from './product.ts';
import { toContract } from './tell-of-products.ts';

const LOAD = 'SELECT version, name, description, price, created_at FROM product WHERE id = $1 FOR UPDATE';

const SAVE = `
  INSERT INTO product (id, version, name, description, price, created_at) VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (id) DO UPDATE SET version = $2, name = $3`;

/** Repository of products: a product is loaded, changed and saved in one transaction, with its events in the outbox. */
export function openProducts(pool: pg.Pool) {
  async function save(sql: SqlConnection, product: Product): Promise<void> {
    const { id, version, name, description, price, createdAt } = product.state;
    await sql.query(SAVE, [id, version, name, description, price, createdAt]);
    await appendToOutbox(sql, product.events.map(toContract));
  }

  return {
    async add(product: Product): Promise<void> {
      await inTransaction(pool, (sql) => save(sql, product));
      product.takeEvents();
    },

    /** Throws Refusal PRODUCT_NOT_FOUND, and what `decide` throws: then nothing has changed. */
    async change(id: string, decide: (product: Product) => void): Promise<void> {
      const changed = await inTransaction(pool, async (sql) => {
        const { rows } = await sql.query(LOAD, [id]);
        if (!rows[0]) throw productNotFound(id);
        const { version, name, description, price, created_at: createdAt } = rows[0];
        const state = { id, version: Number(version), name, description, price: Number(price), createdAt };
        const product = new Product(state);
        decide(product);
        if (product.events.length > 0) await save(sql, product);
        return product;
      });
      changed.takeEvents();
    },
  };
}

export const productNotFound = (id: string) => new Refusal('PRODUCT_NOT_FOUND', `There is no product ${id}.`, 'id');
