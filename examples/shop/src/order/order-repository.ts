import type { SqlConnection, UnitOfWork } from '@kith/event-delivery';
import { Refusal } from '../rules/refusal.ts';
import { Order } from './order.ts';
import type { OrderEvent } from './order-events.ts';

const LOAD = `
  SELECT id, version, status, items, address, refund, created_at FROM orders WHERE id = $1`;

const SAVE = `
  INSERT INTO orders (id, version, status, items, address, refund, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (id) DO UPDATE SET version = $2, status = $3, items = $4, address = $5, refund = $6`;

/** Repository of orders: saves in a unit of work, which publishes what the order has recorded. */
export const orderRepository = {
  async add(unit: UnitOfWork<OrderEvent>, order: Order): Promise<void> {
    unit.enter(order);
    await save(unit.sql, order);
  },

  /** Its row is locked until the unit ends. Throws Refusal ORDER_NOT_FOUND, and what `decide` throws. */
  async change(unit: UnitOfWork<OrderEvent>, id: string, decide: (order: Order) => void): Promise<Order> {
    const order = await load(unit.sql, `${LOAD} FOR UPDATE`, id);
    decide(order);
    unit.enter(order);
    if (order.events.length > 0) await save(unit.sql, order);
    return order;
  },

  /** Throws Refusal ORDER_NOT_FOUND. */
  byId: (sql: SqlConnection, id: string): Promise<Order> => load(sql, LOAD, id),
};

async function save(sql: SqlConnection, order: Order): Promise<void> {
  const { id, version, status, items, address, refund, createdAt } = order.state;
  await sql.query(SAVE, [id, version, status, JSON.stringify(items), JSON.stringify(address), refund, createdAt]);
}

async function load(sql: SqlConnection, statement: string, id: string): Promise<Order> {
  // biome-ignore lint/suspicious/noExplicitAny: the columns are those of tables.sql.
  const { rows } = await sql.query<any>(statement, [id]);
  const row = rows[0];
  if (!row) throw new Refusal('ORDER_NOT_FOUND', `There is no order ${id}.`, 'id');
  const { status, items, address, created_at: createdAt } = row;
  return new Order({ id, version: Number(row.version), status, items, address, refund: Number(row.refund), createdAt });
}
