import { inTransaction, replay } from '@kith/event-delivery';
import type pg from 'pg';
import { ORDER_EVENTS, orderCreated } from '../contracts/order-events.ts';
import { applyToSummary, SUMMARY } from './summarize-orders.ts';

const REBUILD_LOCK = 0x6c697374;

// The inbox forgets in time. What it has no beginning of any more is not taken away: it could not be brought back.
const EMPTY = `
  DELETE FROM order_summary WHERE id IN (
    SELECT (envelope::jsonb ->> 'subject')::uuid FROM inbox
    WHERE consumer = $1 AND envelope IS NOT NULL AND envelope::jsonb ->> 'type' LIKE $2)`;

/**
 * Projection rebuild: makes the list of orders anew from the events that its inbox has kept (replay), in one
 * transaction: until that commits, the old list is read. New events of the orders in it wait so long, and are applied
 * to the new one. Resolves to how many events were replayed; what cannot be applied leaves the old list as it is.
 */
export function rebuildSummary(pool: pg.Pool): Promise<number> {
  return inTransaction(pool, async (sql) => {
    // One at a time: two would wait for each other's rows in a circle.
    await sql.query('SELECT pg_advisory_xact_lock($1)', [REBUILD_LOCK]);
    await sql.query(EMPTY, [SUMMARY, `${orderCreated.name}.v%`]);
    return replay({ pool, consumer: SUMMARY, contracts: ORDER_EVENTS }, (event) => applyToSummary(sql, event));
  });
}
