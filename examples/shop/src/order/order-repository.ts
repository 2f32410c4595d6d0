import { appendToOutbox, inTransaction, type SqlConnection } from '@kith/event-delivery';
import type pg from 'pg';
import { Refusal } from '../refusal.ts';
import { Order } from './order.ts';
import { toContract } from './tell-of-orders.ts';

const LOAD = `
  SELECT id, version, status, items, address, refund, created_at FROM orders WHERE id = $1`;

const SAVE = `
  INSERT INTO orders (id, version, status, items, address, refund, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (id) DO UPDATE SET version = $2, status = $3, items = $4, address = $5, refund = $6`;

/**
 * Repository of orders: an order is loaded, changed and saved in one transaction, with its events in the outbox
 * (unit of work). Its row is locked meanwhile. What `change` throws rolls all of it back.
 */
export function openOrders(pool: pg.Pool) {
  async function save(sql: SqlConnection, order: Order): Promise<void> {
    const { id, version, status, items, address, refund, createdAt } = order.state;
    await sql.query(SAVE, [id, version, status, JSON.stringify(items), JSON.stringify(address), refund, createdAt]);
    await appendToOutbox(sql, order.events.map(toContract));
  }

  return {
    async add(order: Order): Promise<void> {
      await inTransaction(pool, (sql) => save(sql, order));
      order.takeEvents();
    },

    /** In a transaction of its own, or the caller's. Throws Refusal ORDER_NOT_FOUND. */
    async change(id: string, decide: (order: Order) => void, within?: SqlConnection): Promise<Order> {
      const work = async (sql: SqlConnection) => {
        const order = await load(sql, `${LOAD} FOR UPDATE`, id);
        decide(order);
        if (order.events.length > 0) await save(sql, order);
        return order;
      };
      const order = await (within ? work(within) : inTransaction(pool, work));
      order.takeEvents();
      return order;
    },

    /** Throws Refusal ORDER_NOT_FOUND. */
    byId: (id: string): Promise<Order> => load(pool, LOAD, id),
  };
}

export type Orders = ReturnType<typeof openOrders>;

async function load(sql: SqlConnection, statement: string, id: string): Promise<Order> {
  // biome-ignore lint/suspicious/noExplicitAny: the columns are those of tables.sql.
  const { rows } = await sql.query<any>(statement, [id]);
  const row = rows[0];
  if (!row) throw new Refusal('ORDER_NOT_FOUND', `There is no order ${id}.`, 'id');
  const { status, items, address, created_at: createdAt } = row;
  return new Order({ id, version: Number(row.version), status, items, address, refund: Number(row.refund), createdAt });
}
