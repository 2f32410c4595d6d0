import { eventually } from '@kith/local-servers';
import * as vitest from 'vitest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeBrokerContract } from '../contract-tests/broker-contract.ts';
import { collectLog } from '../contract-tests/collect-log.ts';
import { describeConsumerContract } from '../contract-tests/consumer-contract.ts';
import { SHOP_STREAM, shopMessage } from '../contract-tests/shop-events.ts';
import { createEventDatabase } from '../testing/create-event-database.ts';
import { startInProcessBroker } from './in-process-broker.ts';

let database: Awaited<ReturnType<typeof createEventDatabase>>;
beforeAll(async () => {
  database = await createEventDatabase();
});
afterAll(() => database.drop());

const connect = () => startInProcessBroker({ pool: database.sessions, log: collectLog(), headerPrefix: 'Shop' });
describeBrokerContract('The in-process bus', { connect }, vitest);
describeConsumerContract('the in-process bus', { connect }, vitest);

describe('the in-process bus', () => {
  test('delivers what a crashed process had in hand, in order, and not what it had acknowledged', async () => {
    const stream = { name: 'CRASH', subjects: ['crash.>'] };
    const message = (n: number) => ({ subject: 'crash.1', id: String(n), payload: String(n) });
    const crashed = await connect();
    await crashed.declareStream(stream);
    const before: number[] = [];
    crashed.subscribe({
      stream,
      durable: 'crash',
      maxUnacked: 10,
      onDelivery(delivery) {
        before.push(delivery.sequence);
        if (before.length !== 2) delivery.ack();
      },
    });
    await crashed.publish([1, 2, 3, 4].map(message));
    await eventually('four were delivered', () => before.length >= 4);
    await eventually('the acknowledgements are written', async () => {
      const { rows } = await database.pool.query(
        "SELECT acked_through, acked_above FROM event_bus.consumer WHERE durable = 'crash'",
      );
      return rows[0].acked_through === '1' && rows[0].acked_above.length === 2;
    });
    // What a killed process leaves behind: its lock's session ends, nothing is said.
    await database.pool.query(
      'SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = $1 AND pid <> pg_backend_pid()',
      ['advisory'],
    );
    const next = await connect();
    const after: number[] = [];
    next.subscribe({
      stream,
      durable: 'crash',
      maxUnacked: 10,
      onDelivery(delivery) {
        after.push(delivery.sequence);
        delivery.ack();
      },
    });
    await next.publish([message(5)]);
    await eventually('the rest came', () => after.length === 2);
    expect(after).toEqual([2, 5]);
    await next.close();
    await crashed.close();
  });

  test('goes on after Postgres has cut its connections', async () => {
    const broker = await connect();
    await broker.declareStream(SHOP_STREAM);
    const seen: number[] = [];
    const subscription = broker.subscribe({
      stream: SHOP_STREAM,
      durable: 'cut',
      maxUnacked: 1_000,
      onDelivery(delivery) {
        if (delivery.subject.endsWith('.cut')) seen.push(JSON.parse(Buffer.from(delivery.payload).toString()).revision);
        delivery.ack();
      },
    });
    await broker.publish([shopMessage('cut', 1)]);
    await eventually('it came', () => seen.length === 1);
    await database.pool.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    const message = shopMessage('cut', 2);
    await eventually('it is stored', async () => {
      const [result] = await broker.publish([message]);
      return result && 'sequence' in result;
    });
    await eventually('it came once', () => seen.length === 2);
    expect(seen).toEqual([1, 2]);
    await eventually('it is connected', () => broker.connected);
    await subscription.stop();
    await broker.close();
  });

  test('expires what is old, and dead letters never', async () => {
    const broker = await connect();
    await broker.declareStream({ name: 'OLD', subjects: ['old.>'] });
    await broker.declareStream({ name: 'KEPT', subjects: ['kept.>'], keep: 'forever' });
    await broker.publish([
      { subject: 'old.1', id: 'a', payload: 'a' },
      { subject: 'kept.1', id: 'b', payload: 'b' },
    ]);
    await database.pool.query(
      "UPDATE event_bus.message SET stored_at = now() - interval '8 days' WHERE stream IN ('OLD', 'KEPT')",
    );
    const { createMessageStore } = await import('./message-store.ts');
    await createMessageStore(database.pool).expire(7 * 24 * 60 * 60 * 1_000);
    const { rows } = await database.pool.query("SELECT stream FROM event_bus.message WHERE stream IN ('OLD', 'KEPT')");
    expect(rows).toEqual([{ stream: 'KEPT' }]);
    await broker.close();
  });
});
