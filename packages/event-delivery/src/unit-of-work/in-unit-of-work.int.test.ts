// Longer than other files: all that a unit of work promises, over one database and the shop that is tried in it.

import { randomUUID } from 'node:crypto';
import { eventually } from '@kith/local-servers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { defineConsumer } from '../consumer/try/consumer-definition.ts';
import { collectLog } from '../contract-tests/collect-log.ts';
import { AggregateRoot, type RecordsEvents } from '../domain-events/aggregate-root.ts';
import type { AggregateEvent } from '../domain-events/domain-event.ts';
import { createEventBus } from '../domain-events/event-bus.ts';
import type { BusFailure } from '../domain-events/hand-over.ts';
import { defineEvent } from '../envelope/event-contract.ts';
import { startInProcessBroker } from '../in-process/in-process-broker.ts';
import { EventRefused } from '../outbox/append-to-outbox.ts';
import { draftEvent } from '../outbox/draft-event.ts';
import { inTransaction, transactionsWith } from '../postgres/in-transaction.ts';
import type { SqlConnection } from '../postgres/sql-connection.ts';
import { deliverEvents } from '../start/deliver-events.ts';
import { createEventDatabase } from '../testing/create-event-database.ts';
import { EventsWithoutEnd, type UnitOfWork, unitsOfWork } from './in-unit-of-work.ts';

type StockEvent = AggregateEvent<'stock.taken' | 'stock.ran-out', 'stock'> & { readonly left: number };

const STOCK = { name: 'STOCK', subjects: ['stock.>'] };
const stockChanged = defineEvent({
  name: 'shop.stock.changed',
  subject: (id) => `stock.changed.${id}`,
  newest: z.object({ left: z.int().nonnegative() }),
});

/** A product's stock, kept in the table `stock`. */
class Stock implements RecordsEvents<StockEvent> {
  readonly #root: AggregateRoot<StockEvent>;
  left: number;

  constructor({ id, left, version }: { id: string; left: number; version: number }) {
    this.#root = new AggregateRoot({ kind: 'stock', id, version });
    this.left = left;
  }

  get id() {
    return this.#root.id;
  }

  get version() {
    return this.#root.version;
  }

  get events() {
    return this.#root.events;
  }

  takeEvents() {
    return this.#root.takeEvents();
  }

  take(count: number): void {
    this.left -= count;
    this.#record('stock.taken');
    if (this.left === 0) this.#record('stock.ran-out');
  }

  #record(name: StockEvent['name']): void {
    this.#root.raiseVersion();
    this.#root.record({ name, ...this.#root.stamp({ now: new Date(), newId: randomUUID }), left: this.left });
  }
}

let db: Awaited<ReturnType<typeof createEventDatabase>>;
beforeAll(async () => {
  db = await createEventDatabase();
  await db.pool.query('CREATE TABLE stock (id text PRIMARY KEY, "left" int NOT NULL, version int NOT NULL)');
  await db.pool.query('CREATE TABLE audit (event_id uuid PRIMARY KEY)');
});
afterAll(() => db.drop());
beforeEach(async () => {
  await db.pool.query('TRUNCATE stock, audit, outbox');
  await db.pool.query("INSERT INTO stock VALUES ('p1', 3, 0), ('p2', 1, 0)");
});

function openShop(options: { transaction?: typeof inTransaction; committed?: () => void } = {}) {
  const failures: BusFailure<StockEvent>[] = [];
  const bus = createEventBus<StockEvent, UnitOfWork<StockEvent>>({ onFailure: (failure) => failures.push(failure) });
  const inUnitOfWork = unitsOfWork<StockEvent, SqlConnection>({
    transaction: (work, signal) => (options.transaction ?? inTransaction)(db.pool, work, 'BEGIN', signal),
    sqlOf: (sql) => sql,
    bus,
    toOutbox: (events) =>
      events.map(({ id: eventId, source, occurredAt, left }) =>
        draftEvent(stockChanged, {
          eventId,
          ownerId: source.id,
          revision: source.version!,
          occurredAt,
          data: { left },
        }),
      ),
    ...(options.committed && { committed: options.committed }),
  });
  const take = (unit: UnitOfWork<StockEvent>, id: string, count: number) => changeStock(unit, id, count);
  return { bus, failures, inUnitOfWork, take };
}

async function changeStock(unit: UnitOfWork<StockEvent>, id: string, count: number): Promise<Stock> {
  const { rows } = await unit.sql.query<{ id: string; left: number; version: number }>(
    'SELECT * FROM stock WHERE id = $1 FOR UPDATE',
    [id],
  );
  const stock = new Stock(rows[0]!);
  unit.enter(stock);
  stock.take(count);
  await unit.sql.query('UPDATE stock SET "left" = $2, version = $3 WHERE id = $1', [id, stock.left, stock.version]);
  return stock;
}

async function outbox(sql: SqlConnection = db.pool): Promise<[owner: string, revision: number][]> {
  const { rows } = await sql.query<{ owner_id: string; revision: string }>('SELECT * FROM outbox ORDER BY id');
  return rows.map((row) => [row.owner_id, Number(row.revision)]);
}

async function left(id: string): Promise<number> {
  const { rows } = await db.pool.query('SELECT "left" FROM stock WHERE id = $1', [id]);
  return rows[0].left;
}

test('local subscribers hear of an event first, then the event table has it, then the broker', async () => {
  const broker = await startInProcessBroker({ pool: db.sessions, log: collectLog() });
  const order: string[] = [];
  const delivery = await deliverEvents({
    pool: db.pool,
    broker,
    source: 'shop/stock',
    stream: STOCK,
    consumers: [
      defineConsumer({
        stream: STOCK,
        durable: 'order-of-hearing',
        contracts: [stockChanged],
        handle: async ({ revision }) => void order.push(`broker ${revision}`),
      }),
    ],
    log: collectLog(),
  });
  try {
    const shop = openShop({ committed: () => delivery.nudge() });
    shop.bus.inTransaction('stock.taken', async (_, { sql }) => {
      order.push(`takes part, outbox ${(await outbox(sql)).length}`);
    });
    shop.bus.on('stock.taken', () => void order.push('subscribed'));
    await shop.inUnitOfWork(async (unit) => {
      unit.scope.on('stock.taken', () => void order.push('subscribed to this unit'));
      await shop.take(unit, 'p1', 1);
      order.push('worked');
    });
    await eventually('the broker has told of it', () => order.length === 5);
    expect(order).toEqual(['worked', 'takes part, outbox 0', 'subscribed', 'subscribed to this unit', 'broker 1']);
  } finally {
    await delivery.stop();
    await broker.close();
  }
});

test('what is recorded is committed with the state, once, in order, and what subscribers in the transaction do with it', async () => {
  const shop = openShop();
  shop.bus.inTransaction(['stock.taken', 'stock.ran-out'], async (events, { sql }) => {
    await sql.query('INSERT INTO audit SELECT unnest($1::uuid[])', [events.map(({ id }) => id)]);
  });
  const heard: string[] = [];
  shop.bus.on(['stock.taken', 'stock.ran-out'], ({ name, source }) => void heard.push(`${name} ${source.id}`));
  const stock = await shop.inUnitOfWork(async (unit) => {
    const taken = await shop.take(unit, 'p2', 1);
    unit.enter(taken);
    await shop.take(unit, 'p1', 2);
    return taken;
  });
  expect(await outbox()).toEqual([
    ['p2', 1],
    ['p2', 2],
    ['p1', 1],
  ]);
  expect([await left('p1'), await left('p2')]).toEqual([1, 0]);
  expect(heard).toEqual(['stock.taken p2', 'stock.ran-out p2', 'stock.taken p1']);
  expect(stock.events).toEqual([]);
  const { rows } = await db.pool.query('SELECT count(*)::int FROM audit JOIN outbox USING (event_id)');
  expect(rows[0].count).toBe(3);
});

test('what a subscriber records in the transaction is published with it, and heard of as well', async () => {
  const shop = openShop();
  const heard: string[] = [];
  shop.bus.on(
    () => true,
    ({ name, source }) => void heard.push(`${name} ${source.id}`),
  );
  // Whoever takes of p1 takes of p2.
  shop.bus.inTransaction(
    ({ name, source }) => name === 'stock.taken' && source.id === 'p1',
    async (_, unit) => void (await shop.take(unit, 'p2', 1)),
  );
  await shop.inUnitOfWork((unit) => shop.take(unit, 'p1', 1));
  expect(heard).toEqual(['stock.taken p1', 'stock.taken p2', 'stock.ran-out p2']);
  expect((await outbox()).map(([owner]) => owner)).toEqual(['p1', 'p2', 'p2']);
});

test.each([
  ['the work', 'work'],
  ['a subscriber in the transaction', 'participant'],
  ['a subscriber in the transaction of this unit alone', 'scope'],
  ['an event that breaks its contract', 'contract'],
] as const)('%s rolls everything back, tells nobody, and leaves the events in the aggregate', async (_, fault) => {
  let woken = 0;
  const shop = openShop({ committed: () => (woken += 1) });
  const heard: unknown[] = [];
  shop.bus.on('stock.taken', (event) => void heard.push(event));
  const fail = () => Promise.reject(new Error(fault));
  if (fault === 'participant') shop.bus.inTransaction('stock.taken', fail);
  let stock: Stock | undefined;
  const command = shop.inUnitOfWork(async (unit) => {
    if (fault === 'scope') unit.scope.inTransaction('stock.taken', fail);
    stock = await shop.take(unit, 'p1', fault === 'contract' ? 4 : 1);
    if (fault === 'work') await fail();
  });
  if (fault === 'contract') {
    const refused = await command.catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(EventRefused);
    expect((refused as EventRefused).message).toContain('left');
  } else await expect(command).rejects.toThrow(fault);
  expect([await left('p1'), await outbox(), heard, woken]).toEqual([3, [], [], 0]);
  expect(stock!.events.map(({ name }) => name)).toEqual(['stock.taken']);
});

test('a subscriber that fails after the commit spoils nothing', async () => {
  const shop = openShop();
  shop.bus.on('stock.taken', () => {
    throw new Error('no metrics');
  });
  await shop.inUnitOfWork((unit) => shop.take(unit, 'p1', 1));
  expect([await left('p1'), await outbox()]).toEqual([2, [['p1', 1]]]);
  expect(shop.failures.map(({ error }) => (error as Error).message)).toEqual(['no metrics']);
});

test('a transaction that is tried again tells of the try that was committed alone', async () => {
  let tries = 0;
  const shop = openShop({
    transaction: transactionsWith({ settings: 'SELECT 1', maxTries: 3 }) as typeof inTransaction,
  });
  const heard: string[] = [];
  shop.bus.on('stock.taken', ({ left: now }) => void heard.push(`all ${now}`));
  await shop.inUnitOfWork(async (unit) => {
    tries += 1;
    const thisTry = tries;
    unit.scope.on('stock.taken', () => void heard.push(`try ${thisTry}`));
    await shop.take(unit, 'p1', thisTry);
    if (tries < 2) throw Object.assign(new Error('deadlock detected'), { code: '40P01' });
  });
  expect([heard, await left('p1'), await outbox()]).toEqual([['all 1', 'try 2'], 1, [['p1', 1]]]);
});

test('two units at once hear of their own events each', async () => {
  const shop = openShop();
  const heard: string[] = [];
  const command = (id: string) =>
    shop.inUnitOfWork(async (unit) => {
      await shop.take(unit, id, 1);
      shop.bus.currentScope()!.on('stock.taken', ({ source }) => void heard.push(`${id} hears of ${source.id}`));
    });
  await Promise.all([command('p1'), command('p2')]);
  expect(heard.sort()).toEqual(['p1 hears of p1', 'p2 hears of p2']);
  expect(shop.bus.currentScope()).toBeUndefined();
});

test('a unit that records nothing publishes nothing and wakes nobody', async () => {
  let woken = 0;
  const shop = openShop({ committed: () => (woken += 1) });
  expect(await shop.inUnitOfWork(async ({ sql }) => (await sql.query('SELECT 1 AS one')).rows)).toEqual([{ one: 1 }]);
  expect([await outbox(), woken]).toEqual([[], 0]);
});

test('once the signal is aborted nothing is committed, and nobody hears of anything', async () => {
  const shop = openShop();
  const late = new AbortController();
  const heard: unknown[] = [];
  shop.bus.on('stock.taken', (event) => void heard.push(event));
  const command = shop.inUnitOfWork(async (unit) => {
    await shop.take(unit, 'p1', 1);
    late.abort(new Error('too late'));
  }, late.signal);
  await expect(command).rejects.toThrow('too late');
  await eventually('the lock is free', async () => (await left('p1')) === 3);
  expect([await outbox(), heard]).toEqual([[], []]);
});

test('subscribers that answer each other without end are stopped, and nothing is committed', async () => {
  const shop = openShop();
  shop.bus.inTransaction('stock.taken', async (_, unit) => void (await shop.take(unit, 'p1', -1)));
  await expect(shop.inUnitOfWork((unit) => shop.take(unit, 'p1', 1))).rejects.toThrow(EventsWithoutEnd);
  expect([await left('p1'), await outbox()]).toEqual([3, []]);
});
