import { defineConsumer, handleOnce, type SqlConnection } from '@kith/event-delivery';
import type pg from 'pg';
import type { Address } from '../contracts/address.ts';
import { type AnyOrderEvent, ORDER_EVENTS, ORDERS } from '../contracts/order-events.ts';
import { type PageQuery, pageOf, pageValues } from '../http/page-of-rows.ts';
import type { OrderStatus } from './order.ts';

const APPLY = `
  INSERT INTO order_summary AS old
    (id, created_at, total_price, item_count, address, address_revision, status, refund, status_revision)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  ON CONFLICT (id) DO UPDATE SET
    created_at = coalesce(old.created_at, $2),
    total_price = coalesce(old.total_price, $3),
    item_count = coalesce(old.item_count, $4),
    address = CASE WHEN $6 > old.address_revision THEN $5 ELSE old.address END,
    address_revision = greatest($6, old.address_revision),
    status = CASE WHEN $9 > old.status_revision THEN $7 ELSE old.status END,
    refund = CASE WHEN $9 > old.status_revision THEN $8 ELSE old.refund END,
    status_revision = greatest($9, old.status_revision)`;

const PAGE = `
  SELECT id, total_price, item_count, status, refund, address, created_at FROM order_summary
  WHERE created_at IS NOT NULL AND id < $1 ORDER BY id DESC LIMIT $2`;

interface Change {
  readonly created?: { readonly at: Date; readonly totalPrice: number; readonly itemCount: number };
  readonly address?: Address;
  readonly status?: OrderStatus;
  readonly refund?: number;
}

/** Its durable, and whose inbox it is. */
export const SUMMARY = 'order-summary';

/**
 * Read model (CQRS): keeps the list of orders up to date from the orders' own events. It holds: an event that cannot be
 * applied keeps later ones of its order waiting, so that the list never shows an order that skipped a step. Its inbox
 * keeps what came, for `rebuildSummary`.
 */
export const summarizeOrders = (pool: pg.Pool) =>
  defineConsumer({
    stream: ORDERS,
    durable: SUMMARY,
    contracts: ORDER_EVENTS,
    whenPoisoned: 'hold',
    handle: handleOnce<AnyOrderEvent>(pool, SUMMARY, (event, sql) => applyToSummary(sql, event), {
      keepsEnvelope: true,
    }),
  });

/** Brings one event into the list; an older one, or the same again, changes nothing. */
export async function applyToSummary(sql: SqlConnection, event: AnyOrderEvent): Promise<void> {
  const { created, address, status, refund } = changeOf(event);
  await sql.query(APPLY, [
    event.ownerId,
    ...[created?.at, created?.totalPrice, created?.itemCount],
    ...[address && JSON.stringify(address), address ? event.revision : 0],
    ...[status, refund ?? 0, status ? event.revision : 0],
  ]);
}

function changeOf(event: AnyOrderEvent): Change {
  switch (event.name) {
    case 'shop.order.created': {
      const { items, totalPrice, address } = event.data;
      const itemCount = items.reduce((sum, { count }) => sum + count, 0);
      return { created: { at: event.occurredAt, totalPrice, itemCount }, address, status: 'CREATED' };
    }
    case 'shop.order.address-changed':
      return { address: event.data.newAddress };
    case 'shop.order.paid':
      return { status: 'PAID' };
    case 'shop.order.cancelled':
      return { status: 'CANCELLED', refund: event.data.refund };
    default: {
      const unhandled: never = event;
      return unhandled;
    }
  }
}

/** A page of the list, the newest order first. */
export async function listOrders(pool: pg.Pool, page: PageQuery) {
  const { rows } = await pool.query(PAGE, pageValues(page));
  const items = rows.map((row) => ({
    id: row.id as string,
    status: row.status as OrderStatus,
    totalPrice: Number(row.total_price),
    itemCount: row.item_count as number,
    refund: Number(row.refund),
    address: row.address as Address,
    createdAt: row.created_at as Date,
  }));
  return pageOf(items, page);
}
