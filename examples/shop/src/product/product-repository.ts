import type { SqlConnection, UnitOfWork } from '@kith/event-delivery';
import { Refusal } from '../rules/refusal.ts';
import { Product, type ProductEvent } from './product.ts';

const LOAD = 'SELECT version, name, description, price, created_at FROM product WHERE id = $1 FOR UPDATE';

const SAVE = `
  INSERT INTO product (id, version, name, description, price, created_at) VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (id) DO UPDATE SET version = $2, name = $3`;

/** Repository of products: saves in a unit of work, which publishes what the product has recorded. */
export const productRepository = {
  async add(unit: UnitOfWork<ProductEvent>, product: Product): Promise<void> {
    unit.enter(product);
    await save(unit.sql, product);
  },

  /** Its row is locked until the unit ends. Throws Refusal PRODUCT_NOT_FOUND, and what `decide` throws. */
  async change(unit: UnitOfWork<ProductEvent>, id: string, decide: (product: Product) => void): Promise<void> {
    // biome-ignore lint/suspicious/noExplicitAny: the columns are those of tables.sql.
    const { rows } = await unit.sql.query<any>(LOAD, [id]);
    if (!rows[0]) throw productNotFound(id);
    const { version, name, description, price, created_at: createdAt } = rows[0];
    const product = new Product({ id, version: Number(version), name, description, price: Number(price), createdAt });
    decide(product);
    unit.enter(product);
    if (product.events.length > 0) await save(unit.sql, product);
  },
};

async function save(sql: SqlConnection, product: Product): Promise<void> {
  const { id, version, name, description, price, createdAt } = product.state;
  await sql.query(SAVE, [id, version, name, description, price, createdAt]);
}

export const productNotFound = (id: string) => new Refusal('PRODUCT_NOT_FOUND', `There is no product ${id}.`, 'id');
