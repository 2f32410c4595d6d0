// Longer than other files: all that outbox and relay promise together, over one server and one database that take long to start.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { type ChildServer, eventually, startNats } from '@kith/local-servers';
import * as prometheus from '@prometheus-io/client';
import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EventBroker, StoredMessage } from '../../broker/broker.ts';
import { eventIdOf } from '../../broker/message-id.ts';
import { PublishFailed } from '../../broker/publish-failed.ts';
import { firstTime } from '../../consumer/inbox.ts';
import { collectLog } from '../../contract-tests/collect-log.ts';
import { counted, SHOP_STREAM } from '../../contract-tests/shop-events.ts';
import { startInProcessBroker } from '../../in-process/in-process-broker.ts';
import { connectJetStream } from '../../jetstream/jetstream-broker.ts';
import { reportMetrics } from '../../observe/report-metrics.ts';
import { createEventDatabase } from '../../testing/create-event-database.ts';
import { openPool } from '../../testing/open-pool.ts';
import { appendToOutbox, EventRefused } from '../append-to-outbox.ts';
import { draftEvent } from '../draft-event.ts';
import { republish } from '../republish.ts';
import { listSetAside, sendSetAside } from '../settle-set-aside.ts';
import { type Relay, type RelayOptions, startRelay } from './relay.ts';

reportMetrics(prometheus);

let nats: ChildServer;
let broker: EventBroker;
let database: Awaited<ReturnType<typeof createEventDatabase>>;
let pool: pg.Pool;
let relays: Relay[];
let processes: ChildProcess[];

beforeEach(async () => {
  [nats, database] = await Promise.all([startNats(), createEventDatabase()]);
  pool = database.pool;
  broker = await connectJetStream({ servers: nats.url, name: 'test', log: collectLog() });
  await broker.declareStream(SHOP_STREAM);
  relays = [];
  processes = [];
});
afterEach(async () => {
  for (const child of processes) child.kill('SIGKILL');
  await Promise.all(relays.map((relay) => relay.stop()));
  await broker.close();
  await Promise.all([database.drop(), nats.stop()]);
});

function relay(changes: Partial<RelayOptions> = {}): Relay & { log: string[] } {
  const log = collectLog();
  const started = startRelay({ pool, broker, source: 'shop/test', log, ...changes });
  relays.push(started);
  return { ...started, log: log.lines };
}

const eventOf = (ownerId: string, revision: number, eventId: string = randomUUID()) =>
  draftEvent(counted, { eventId, ownerId, revision, occurredAt: new Date(), data: { n: revision } });
const append = (ownerId: string, ...revisions: number[]) =>
  appendToOutbox(
    pool,
    revisions.map((revision) => eventOf(ownerId, revision)),
  );

async function stored(): Promise<string[]> {
  const all: StoredMessage[] = [];
  for await (const message of broker.stored(SHOP_STREAM)) all.push(message);
  return all.map(({ payload }) => {
    const { subject, revision } = JSON.parse(Buffer.from(payload).toString('utf8'));
    return `${subject}:${revision}`;
  });
}
const unpublished = async () =>
  Number((await pool.query('SELECT count(*) FROM outbox WHERE published_at IS NULL')).rows[0].count);
const allPublished = () => eventually('the outbox is empty', async () => (await unpublished()) === 0);

async function inTransaction<Result>(work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

describe('the outbox', () => {
  test('publishes nothing of a transaction that was rolled back', async () => {
    relay();
    await expect(
      inTransaction(async (client) => {
        await appendToOutbox(client, [eventOf('p1', 1)]);
        throw new Error('business rule');
      }),
    ).rejects.toThrow('business rule');
    await append('p2', 1);
    await allPublished();
    expect(await stored()).toEqual(['p2:1']);
  });

  test('refuses the same place in an owner’s sequence twice, and what no broker would take', async () => {
    await append('p1', 1);
    await expect(append('p1', 1)).rejects.toMatchObject({ code: '23505' });
    await expect(append('p.1', 2)).rejects.toMatchObject({ code: 'OWNER_NOT_A_TOKEN' });
    const large = { ...eventOf('p1', 2), data: { n: 'x'.repeat(600_000) } };
    await expect(appendToOutbox(pool, [large])).rejects.toBeInstanceOf(EventRefused);
    expect(await unpublished()).toBe(1);
  });

  test('refuses what its contract’s newest version does not allow, naming the field, with all of the transaction', async () => {
    const wrong = draftEvent(counted, {
      eventId: randomUUID(),
      ownerId: 'p2',
      revision: 1,
      occurredAt: new Date(),
      data: { n: 'many' } as never,
    });
    const failed = inTransaction(async (client) => {
      await appendToOutbox(client, [eventOf('p1', 1)]);
      await appendToOutbox(client, [wrong]);
    });
    await expect(failed).rejects.toMatchObject({ code: 'MALFORMED_DATA', message: expect.stringContaining('n: ') });
    await expect(appendToOutbox(pool, [{ ...eventOf('p3', 1), subject: 'a b' }])).rejects.toMatchObject({
      code: 'SUBJECT_NOT_VALID',
    });
    expect((await pool.query('SELECT FROM outbox')).rowCount).toBe(0);
  });

  test('takes drafts that nobody can change any more', () => {
    const draft = eventOf('p1', 1);
    expect(() => {
      (draft.data as { n: number }).n = 2;
    }).toThrow(TypeError);
    const within = { rows: [{ at: { n: 1 } }] };
    draftEvent(counted, { ...eventOf('p1', 2), data: within as never });
    expect(() => {
      within.rows[0]!.at.n = 2;
    }).toThrow(TypeError);
    expect(() => within.rows.push({ at: { n: 3 } })).toThrow(TypeError);
  });

  test('keeps rows with the sequence and the time of their publication', async () => {
    relay();
    await append('p1', 1, 2);
    await allPublished();
    const { rows } = await pool.query(
      'SELECT revision::int, stream_sequence::int AS sequence, published_at >= occurred_at AS after FROM outbox ORDER BY id',
    );
    expect(rows).toEqual([
      { revision: 1, sequence: 1, after: true },
      { revision: 2, sequence: 2, after: true },
    ]);
  });
});

describe('the relay', () => {
  test('publishes what was committed by NOTIFY, without a nudge and before it would look by itself', async () => {
    // Whoever waited for it would outlast the test.
    relay({ pool: database.sessions, sweepEveryMs: 3_600_000 });
    await eventually('it listens', async () => {
      const { rows } = await pool.query("SELECT FROM pg_stat_activity WHERE query ILIKE 'LISTEN%'");
      return rows.length > 0;
    });
    for (let revision = 1; revision <= 5; revision += 1) {
      await append('p1', revision);
      await allPublished();
    }
    expect(await stored()).toEqual([1, 2, 3, 4, 5].map((revision) => `p1:${revision}`));
  });

  test('publishes lower ids that were committed late', async () => {
    relay();
    let commit = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      commit = resolve;
    });
    const late = inTransaction(async (client) => {
      await appendToOutbox(client, [eventOf('late', 1)]);
      await gate;
    });
    await eventually('it has its id', async () => {
      const { rows } = await pool.query("SELECT last_value FROM pg_sequences WHERE sequencename = 'outbox_id_seq'");
      return rows[0].last_value === '1';
    });
    await append('early', 1);
    await eventually('the higher id is published', async () => (await stored()).includes('early:1'));
    commit();
    await late;
    await allPublished();
    expect(await stored()).toEqual(['early:1', 'late:1']);
  });

  test('stores once what it publishes twice, because it died between the answer and the mark', async () => {
    await append('p1', 1, 2, 3);
    let crashes = 0;
    const crashing = relay({
      broker: {
        ...broker,
        publish: async (messages) => {
          await broker.publish(messages);
          crashes += 1;
          throw new Error('crash before the mark');
        },
      },
    });
    await eventually('it was published and not marked', () => crashes > 0);
    await crashing.stop();
    expect(await unpublished()).toBe(3);
    relay();
    await allPublished();
    expect(await stored()).toEqual(['p1:1', 'p1:2', 'p1:3']);
    const { rows } = await pool.query('SELECT stream_sequence::int AS sequence FROM outbox ORDER BY id');
    expect(rows.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  });

  test('one at a time publishes, in the owners’ order, however many run and write', async () => {
    let publishing = 0;
    let most = 0;
    const watched: EventBroker = {
      ...broker,
      publish: async (messages) => {
        publishing += 1;
        most = Math.max(most, publishing);
        const results = await broker.publish(messages);
        publishing -= 1;
        return results;
      },
    };
    for (let n = 0; n < 3; n += 1) relay({ broker: watched });
    const owners = ['p1', 'p2', 'p3', 'p4'];
    await Promise.all(
      owners.map(async (ownerId) => {
        for (let revision = 1; revision <= 50; revision += 1) await append(ownerId, revision);
      }),
    );
    await allPublished();
    const all = await stored();
    expect(all).toHaveLength(200);
    const inOrder = Array.from({ length: 50 }, (_, n) => n + 1);
    for (const ownerId of owners) {
      expect(all.filter((each) => each.startsWith(`${ownerId}:`)).map((each) => Number(each.split(':')[1]))).toEqual(
        inOrder,
      );
    }
    expect(most).toBe(1);
  });

  test('lets writes go on while the broker is away, and publishes everything when it is back', async () => {
    const running = relay();
    await append('p1', 1);
    await allPublished();
    nats.pause();
    await append('p1', 2, 3);
    await eventually('it has noticed', () => running.log.some((line) => line.startsWith('warn: the relay cannot')));
    await append('p1', 4);
    expect(await unpublished()).toBe(3);
    nats.resume();
    await allPublished();
    expect(await stored()).toEqual(['p1:1', 'p1:2', 'p1:3', 'p1:4']);
    await eventually('it says so', () => running.log.includes('info: the relay publishes again'));
  });

  test.each(['TOO_LARGE', 'FORBIDDEN', 'BAD_SUBJECT', 'NO_STREAM'])(
    'is not held up by one event that no broker takes (%s): that owner waits, others flow',
    async (code) => {
      const refusing: EventBroker = {
        ...broker,
        publish: async (messages) => {
          const at = messages.findIndex(({ subject }) => subject.endsWith('.bad'));
          if (at === -1) return broker.publish(messages);
          const before = await broker.publish(messages.slice(0, at));
          return messages.map((_, n) => before[n] ?? { error: new PublishFailed(n === at ? code : 'NOT_SENT', 'x') });
        },
      };
      const running = relay({ broker: refusing });
      await inTransaction(async (client) => {
        await appendToOutbox(client, [eventOf('p1', 1), eventOf('bad', 1), eventOf('p1', 2), eventOf('bad', 2)]);
      });
      await eventually('the others are published', async () => (await unpublished()) === 2);
      expect(await stored()).toEqual(['p1:1', 'p1:2']);
      expect(running.log).toContain('error: an event cannot be published');
      expect(await listSetAside(pool)).toMatchObject([{ ownerId: 'bad', revision: 1, code, waitingBehind: 1 }]);
    },
  );

  test.each(['STREAM_AWAY', 'NOT_CONNECTED', 'NO_ACK', '10077'])(
    'waits with everybody behind what a broker does not take now (%s), and sets nobody aside',
    async (code) => {
      let isAway = true;
      const refusing: EventBroker = {
        ...broker,
        publish: async (messages) =>
          isAway
            ? messages.map((_, n) => ({ error: new PublishFailed(n === 0 ? code : 'NOT_SENT', 'x') }))
            : broker.publish(messages),
      };
      const running = relay({ broker: refusing });
      await appendToOutbox(pool, [eventOf('p1', 1), eventOf('p2', 1)]);
      await eventually('it has tried', () => running.log.includes('warn: the relay cannot publish; it keeps trying'));
      expect([await stored(), await unpublished(), await listSetAside(pool)]).toEqual([[], 2, []]);
      isAway = false;
      await allPublished();
      expect(await stored()).toEqual(['p1:1', 'p2:1']);
    },
  );

  describe.each(['JetStream', 'the in-process bus'])('on %s, and rows whose subject no stream takes:', (bus) => {
    beforeEach(async () => {
      if (bus === 'JetStream') return;
      await broker.close();
      broker = await startInProcessBroker({ pool: database.sessions, log: collectLog() });
      await broker.declareStream(SHOP_STREAM);
    });

    const unroutable = (ownerId: string, revision: number) => ({
      ...eventOf(ownerId, revision),
      subject: `nowhere.${ownerId}`,
    });
    const setAside = async () => {
      const { values } = await prometheus.register.getSingleMetric('kith_outbox_set_aside')!.get();
      return values.find(({ labels }) => labels.source === 'shop/test')?.value;
    };
    const marked = async () =>
      (await pool.query("SELECT owner_id FROM outbox WHERE headers ? 'setAside' AND published_at IS NULL")).rows.length;

    test('later ones of that owner wait, others flow, and the log names the event', async () => {
      const lines: string[] = [];
      const log = {
        ...collectLog(),
        error: (about: object, text: string) => void lines.push(JSON.stringify([about, text])),
      };
      relay({ log });
      const lost = unroutable('lost', 2);
      await appendToOutbox(pool, [eventOf('lost', 1), eventOf('p1', 1), lost, eventOf('p1', 2), eventOf('lost', 3)]);
      await eventually('the others are published', async () => (await unpublished()) === 2);
      await append('p1', 3);
      await eventually('and go on', async () => (await unpublished()) === 2 && (await stored()).includes('p1:3'));
      expect(await stored()).toEqual(['lost:1', 'p1:1', 'p1:2', 'p1:3']);
      expect(lines).toHaveLength(1);
      const { eventId, ownerId, type, subject } = lost;
      expect(JSON.parse(lines[0]!)[0]).toMatchObject({ eventId, ownerId, type, subject, code: 'NO_STREAM' });
      expect(lines[0]).not.toContain('_INBOX');
    });

    test('as many as a window holds, and more, stop nobody', async () => {
      relay();
      await appendToOutbox(pool, [
        ...Array.from({ length: 600 }, (_, n) => unroutable(`lost-${n}`, 1)),
        eventOf('p1', 1),
        ...Array.from({ length: 600 }, (_, n) => unroutable(`lost-${n}`, 2)),
        eventOf('p1', 2),
      ]);
      await eventually('the others are published', async () => (await unpublished()) === 1_200);
      expect(await stored()).toEqual(['p1:1', 'p1:2']);
      expect(await marked()).toBe(600);
    });

    test('are listed, and sent in order once they can be and the operator says so', async () => {
      relay();
      await appendToOutbox(pool, [unroutable('lost', 1), eventOf('lost', 2), eventOf('p1', 1)]);
      await eventually('the other one is published', async () => (await unpublished()) === 2);
      await eventually('it is marked', async () => (await marked()) === 1);
      expect(await listSetAside(pool)).toMatchObject([
        { ownerId: 'lost', revision: 1, subject: 'nowhere.lost', code: 'NO_STREAM', waitingBehind: 1 },
      ]);
      expect(await setAside()).toBe(1);
      await broker.declareStream({ name: 'NOWHERE', subjects: ['nowhere.>'] });
      expect(await sendSetAside(pool, { owners: ['nobody'] })).toBe(0);
      expect(await sendSetAside(pool, { owners: ['lost'] })).toBe(1);
      await allPublished();
      expect(await stored()).toEqual(['p1:1', 'lost:2']);
      expect(await listSetAside(pool)).toEqual([]);
      expect(await setAside()).toBe(0);
    });
  });

  test('survives a cut connection to Postgres', async () => {
    relay();
    await append('p1', 1);
    await allPublished();
    await pool.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    await eventually('a write works', () => append('p1', 2).then(() => true));
    await allPublished();
    expect(await stored()).toEqual(['p1:1', 'p1:2']);
  });

  test('goes on where a pooler gives it another session each time, which knows no prepared statements', async () => {
    const session = openPool({ connectionString: database.url, max: 1 });
    const running = relay({ pool: session });
    await append('p1', 1);
    await allPublished();
    await session.query('DEALLOCATE ALL');
    await append('p1', 2);
    await append('p2', 1);
    await allPublished();
    expect(await stored()).toEqual(['p1:1', 'p1:2', 'p2:1']);
    // Behind a pooler it says for debugging that there is one.
    expect(running.log.filter((line) => !line.startsWith('debug: '))).toEqual([]);
    await running.stop();
    await session.end();
  });

  test('stops after the batch in hand', async () => {
    const running = relay();
    await append('p1', 1);
    await allPublished();
    await running.stop();
    await append('p1', 2);
    expect(await unpublished()).toBe(1);
  });
});

describe('fail-over between processes', () => {
  async function startProcess(): Promise<ChildProcess & { published(): number }> {
    const child = spawn(process.execPath, [new URL('../../testing/run-relay-process.ts', import.meta.url).pathname], {
      env: { ...process.env, DATABASE_URL: database.url, NATS_URL: nats.url },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    processes.push(child);
    let published = 0;
    let ready = false;
    createInterface({ input: child.stdout! }).on('line', (line) => {
      if (line === 'ready') ready = true;
      else published += Number(line.split(' ')[1]);
    });
    await eventually('the relay process is ready', () => ready);
    return Object.assign(child, { published: () => published });
  }

  /** Writes until it is stopped; resolves to the highest revision. */
  function writeAllTheTime(ownerId: string) {
    let stopping = false;
    const written = (async () => {
      let revision = 0;
      while (!stopping) {
        revision += 1;
        await append(ownerId, revision);
      }
      return revision;
    })();
    return {
      stop: () => {
        stopping = true;
        return written;
      },
    };
  }

  test.each(['SIGKILL', 'SIGSTOP'] as const)('after %s, in order and without a loss', async (signal) => {
    const [one, two] = await Promise.all([startProcess(), startProcess()]);
    const writing = writeAllTheTime('p1');
    await eventually('both have published', () => one.published() > 10 && two.published() > 0);
    one.kill(signal);
    const before = two.published();
    await eventually('the other one publishes', () => two.published() > before + 50);
    const last = await writing.stop();
    await allPublished();
    one.kill('SIGCONT');
    const revisions = (await stored()).map((each) => Number(each.split(':')[1]));
    expect(revisions).toEqual(Array.from({ length: last }, (_, n) => n + 1));
  });

  test('a relay that is frozen inside its transaction loses the lock', async () => {
    let thaw = (): void => undefined;
    const frozen = new Promise<void>((resolve) => {
      thaw = resolve;
    });
    let locked = false;
    relay({
      broker: {
        ...broker,
        publish: async (messages) => {
          locked = true;
          await frozen;
          return broker.publish(messages);
        },
      },
    });
    await append('p1', 1);
    await eventually('the first relay is inside', () => locked);
    relay();
    await append('p1', 2);
    await eventually('the second has published', async () => (await unpublished()) === 0);
    thaw();
    await append('p1', 3);
    await allPublished();
    expect(await stored()).toEqual(['p1:1', 'p1:2', 'p1:3']);
  });
});

describe('republishing', () => {
  async function loseTheStream(): Promise<void> {
    for await (const { sequence } of broker.stored(SHOP_STREAM)) await broker.deleteStored(SHOP_STREAM, sequence);
    expect(await stored()).toEqual([]);
  }

  test('brings a lost stream back in order, inside the dedup window, before anything newer', async () => {
    const before = relay();
    await append('p1', 1, 2);
    await append('p2', 1);
    await append('p1', 3);
    await allPublished();
    await before.stop();
    await loseTheStream();
    await append('p1', 4);
    expect(await republish(pool, { since: new Date(Date.now() - 60_000) })).toBe(4);
    relay();
    await append('p1', 5);
    await allPublished();
    expect(await stored()).toEqual(['p1:1', 'p1:2', 'p2:1', 'p1:3', 'p1:4', 'p1:5']);
    const { rows } = await pool.query('SELECT event_id FROM outbox ORDER BY id');
    const ids: string[] = [];
    for await (const { id } of broker.stored(SHOP_STREAM)) ids.push(eventIdOf(id!));
    expect(new Set(ids)).toEqual(new Set(rows.map((row) => row.event_id)));
  });

  test('takes some owners, or what occurred since a moment, and nothing else', async () => {
    relay();
    await append('p1', 1);
    await append('p2', 1);
    await pool.query("UPDATE outbox SET occurred_at = now() - interval '2 days' WHERE owner_id = 'p2'");
    await allPublished();
    await loseTheStream();
    expect(await republish(pool, { owners: ['p2'] })).toBe(1);
    await allPublished();
    expect(await stored()).toEqual(['p2:1']);
    expect(await republish(pool, { since: new Date(Date.now() - 3_600_000) })).toBe(1);
    await allPublished();
    expect(await stored()).toEqual(['p2:1', 'p1:1']);
    expect(await republish(pool, { owners: ['nobody'] })).toBe(0);
  });
});

describe('the inbox', () => {
  test('remembers with the effect, forgets with its rollback, and lets one of two at once through', async () => {
    const eventId = randomUUID();
    await expect(
      inTransaction(async (client) => {
        expect(await firstTime(client, 'c', eventId)).toBe(true);
        throw new Error('effect failed');
      }),
    ).rejects.toThrow('effect failed');
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => inTransaction((client) => firstTime(client, 'c', eventId))),
    );
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect(await inTransaction((client) => firstTime(client, 'other', eventId))).toBe(true);
  });
});
