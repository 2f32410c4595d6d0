import { appendToOutbox, inTransaction, type SqlConnection } from '@kith/event-delivery';
import type pg from 'pg';
import { Refusal } from '../rules/refusal.ts';
import { Inventory } from './inventory.ts';
import { toContract } from './tell-of-inventories.ts';

// Always in this order: two orders of the same products never wait for each other in a circle.
const LOAD = `
  SELECT product_id, version, remains FROM inventory WHERE product_id = ANY($1) ORDER BY product_id FOR UPDATE`;

const SAVE = 'UPDATE inventory SET version = $2, remains = $3 WHERE product_id = $1';

/** Repository of inventories: they are locked, changed and saved in one transaction, with their events in the outbox. */
export function openInventories(pool: pg.Pool) {
  /** Several at once, in the caller's transaction; those that are not there are missing. */
  async function changeAll<Result>(
    sql: SqlConnection,
    productIds: readonly string[],
    decide: (inventories: ReadonlyMap<string, Inventory>) => Result,
  ): Promise<Result> {
    const { rows } = await sql.query(LOAD, [productIds]);
    const inventories = new Map(
      rows.map(({ product_id, version, remains }) => {
        const state = { productId: String(product_id), version: Number(version), remains: Number(remains) };
        return [state.productId, new Inventory(state)];
      }),
    );
    const result = decide(inventories);
    const changed = [...inventories.values()].filter(({ events }) => events.length > 0);
    for (const { state } of changed) await sql.query(SAVE, [state.productId, state.version, state.remains]);
    await appendToOutbox(
      sql,
      changed.flatMap(({ events }) => events.map(toContract)),
    );
    return result;
  }

  return {
    changeAll,
    /** Throws Refusal INVENTORY_NOT_FOUND, and what `decide` throws: then nothing has changed. */
    change: (productId: string, decide: (inventory: Inventory) => void): Promise<void> =>
      inTransaction(pool, (sql) =>
        changeAll(sql, [productId], (inventories) => {
          const inventory = inventories.get(productId);
          if (!inventory) throw inventoryNotFound(productId);
          decide(inventory);
        }),
      ),
  };
}

export type Inventories = ReturnType<typeof openInventories>;

export const inventoryNotFound = (id: string) =>
  new Refusal('INVENTORY_NOT_FOUND', `There is no inventory ${id}: it has the id of its product.`, 'id');
