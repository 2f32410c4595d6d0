import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EnvelopeOf } from '@kith/event-contracts';
import { type ChildServer, eventually, startNats } from '@kith/local';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EventBroker, Stoppable } from '../broker.ts';
import { consume } from '../consume.ts';
import { readDeadLetters } from '../dead-letter-box.ts';
import { redriveDeadLetters } from '../settle-dead-letters.ts';
import { describeBrokerContract } from '../testing/broker-contract.ts';
import { collectLog } from '../testing/collect-log.ts';
import { describeConsumerContract } from '../testing/consumer-contract.ts';
import { counted, SHOP_STREAM, shopMessage } from '../testing/shop-events.ts';
import { connectJetStream } from './jetstream-broker.ts';

let nats: ChildServer;
beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats.stop());

const connect = (): Promise<EventBroker> => connectJetStream({ servers: nats.url, name: 'test', log: collectLog() });
describeBrokerContract('JetStream', { connect });
describeConsumerContract('JetStream', { connect });

describe('a consumer that holds, in several instances', () => {
  const counting = (durable: string, handle: (event: EnvelopeOf<typeof counted>) => Promise<void>) =>
    ({ stream: SHOP_STREAM, durable, contracts: [counted], handle, maxAttempts: 2, whenPoisoned: 'hold' }) as const;

  async function twoInstances(word: string, handle: (instance: number, owner: string, revision: number) => void) {
    const brokers = await Promise.all([connect(), connect()]);
    const [first] = brokers;
    await first.declareStream(SHOP_STREAM);
    const instances: Stoppable[] = [];
    for (const [at, broker] of brokers.entries()) {
      const definition = counting(`hold-${word}`, async (event) => {
        if (event.ownerId.startsWith(word)) handle(at, event.ownerId.slice(word.length), event.revision);
      });
      instances.push(await consume(definition, { broker, log: collectLog() }));
    }
    return {
      first,
      instances,
      // Of these owners: the stream keeps what other tests have published, unreadable events too.
      letters: async () =>
        (await readDeadLetters(first, `dead.hold-${word}.>`))
          .filter(({ ownerId }) => ownerId.startsWith(word))
          .map(({ reason, revision }) => `${revision} ${reason}`),
      async [Symbol.asyncDispose]() {
        await Promise.all(instances.map((each) => each.stop()));
        await Promise.all(brokers.map((broker) => broker.close()));
      },
    };
  }

  test('parks what follows a dead event in whichever instance, and takes it up in order', async () => {
    const word = randomBytes(4).toString('hex');
    const seen: string[] = [];
    let poisoned = true;
    await using two = await twoInstances(word, (_instance, owner, revision) => {
      if (owner === 'a' && revision === 1 && poisoned) throw new Error('poison');
      seen.push(`${owner}${revision}`);
    });
    const { first, letters } = two;
    const revisions = Array.from({ length: 20 }, (_, n) => n + 1);
    await first.publish(revisions.flatMap((n) => [shopMessage(`${word}a`, n), shopMessage(`${word}b`, n)]));
    await eventually('all that follow are parked', async () => (await letters()).length === 20, { withinMs: 20_000 });
    await eventually('the other owner flows', () => seen.length === 20);
    expect(seen).toEqual(revisions.map((n) => `b${n}`));
    poisoned = false;
    for await (const _ of redriveDeadLetters(first, { consumer: `hold-${word}`, reason: 'Error' }));
    await eventually('they are taken up', () => seen.length === 40, { withinMs: 20_000 });
    expect(seen.slice(20)).toEqual(revisions.map((n) => `a${n}`));
  });

  test('another instance goes on where the active one was stopped, and still holds', async () => {
    const word = randomBytes(4).toString('hex');
    const seen: string[] = [];
    await using two = await twoInstances(word, (instance, owner, revision) => {
      if (owner === 'a' && revision === 1) throw new Error('poison');
      seen.push(`${instance}${owner}${revision}`);
    });
    const { first, letters, instances } = two;
    await first.publish([shopMessage(`${word}a`, 1), shopMessage(`${word}b`, 1)]);
    await eventually('it is dead', async () => (await letters()).length === 1 && seen.length === 1, {
      withinMs: 20_000,
    });
    const active = Number(seen[0]?.[0]);
    await instances[active]?.stop();
    await first.publish([shopMessage(`${word}a`, 2), shopMessage(`${word}b`, 2)]);
    await eventually('the other one has both', async () => (await letters()).length === 2 && seen.length === 2, {
      withinMs: 25_000,
    });
    expect(seen[1]).toBe(`${1 - active}b2`);
    expect(await letters()).toEqual(['1 Error', '2 HELD_BEHIND']);
  });
});

describe('when the server fails', () => {
  async function startOwnServer() {
    const dataFolder = await mkdtemp(join(tmpdir(), 'kith-jetstream-'));
    let server = await startNats({ dataFolder });
    const log = collectLog();
    const broker = await connectJetStream({ servers: server.url, name: 'test', log });
    return {
      broker,
      log,
      kill: () => server.kill(),
      pause: () => server.pause(),
      resume: () => server.resume(),
      wipe: () => rm(join(dataFolder, 'jetstream'), { recursive: true, force: true }),
      async start() {
        server = await startNats({ dataFolder, port: server.port });
      },
      async [Symbol.asyncDispose]() {
        await broker.close();
        await server.stop();
        await rm(dataFolder, { recursive: true, force: true });
      },
    };
  }

  function collect(broker: EventBroker) {
    const seen: number[] = [];
    const subscription = broker.subscribe({
      stream: SHOP_STREAM,
      durable: 'collector',
      maxUnacked: 100,
      onDelivery(delivery) {
        seen.push(JSON.parse(Buffer.from(delivery.payload).toString('utf8')).revision);
        delivery.ack();
      },
    });
    return { seen, subscription };
  }

  const publishUntilStored = (broker: EventBroker, revision: number) => {
    const message = shopMessage('p1', revision);
    return eventually(
      `revision ${revision} is stored`,
      async () => {
        const [result] = await broker.publish([message]);
        return result && 'sequence' in result;
      },
      { withinMs: 20_000, everyMs: 100 },
    );
  };

  test('publishing says so while it is away, and everything goes on after it is back', async () => {
    await using own = await startOwnServer();
    await own.broker.declareStream(SHOP_STREAM);
    let reconnects = 0;
    own.broker.onReconnect(() => {
      reconnects += 1;
    });
    const { seen } = collect(own.broker);
    await publishUntilStored(own.broker, 1);
    await eventually('it came', () => seen.length === 1);
    await own.kill();
    await eventually('the loss is noticed', () => !own.broker.connected);
    expect(await own.broker.publish([shopMessage('p1', 2)])).toMatchObject([{ error: { code: 'NOT_CONNECTED' } }]);
    await own.start();
    await publishUntilStored(own.broker, 3);
    await eventually('the next one came', () => seen.includes(3), { withinMs: 20_000 });
    expect(own.broker.connected).toBe(true);
    expect(reconnects).toBe(1);
  });

  test('a wiped store gets its streams and consumers back by itself', async () => {
    await using own = await startOwnServer();
    await own.broker.declareStream(SHOP_STREAM);
    const { seen } = collect(own.broker);
    for (const revision of [1, 2, 3]) await publishUntilStored(own.broker, revision);
    await eventually('three came', () => seen.length === 3);
    await own.kill();
    await own.wipe();
    await own.start();
    await publishUntilStored(own.broker, 4);
    await eventually('the consumer goes on', () => seen.includes(4), { withinMs: 25_000 });
    expect(seen).toEqual([1, 2, 3, 4]);
    const { streams } = await own.broker.status();
    expect(streams).toMatchObject([{ name: 'SHOP', messages: 1 }]);
  });

  test('a frozen server costs time and nothing else', async () => {
    await using own = await startOwnServer();
    await own.broker.declareStream(SHOP_STREAM);
    const { seen } = collect(own.broker);
    await publishUntilStored(own.broker, 1);
    own.pause();
    const message = shopMessage('p1', 2);
    expect(await own.broker.publish([message])).toMatchObject([{ error: { code: 'NO_ACK' } }]);
    own.resume();
    await eventually('it is stored once', async () => {
      const [result] = await own.broker.publish([message]);
      return result && 'sequence' in result && result.sequence === 2;
    });
    await eventually('it came', () => seen.includes(2));
    expect(seen).toEqual([1, 2]);
  });

  test('what was asked over a lost connection is not waited for', async () => {
    await using own = await startOwnServer();
    await own.broker.declareStream(SHOP_STREAM);
    await publishUntilStored(own.broker, 1);
    own.pause();
    const publishing = own.broker.publish([shopMessage('p1', 2)]);
    const { seen } = collect(own.broker);
    const lostAt = performance.now();
    await own.kill();
    expect(await publishing).toMatchObject([{ error: { code: 'NO_ACK' } }]);
    expect(performance.now() - lostAt).toBeLessThan(2_000);
    await own.start();
    await eventually('it comes', () => seen.includes(1), { withinMs: 20_000 });
    // So long it takes to give an answer up.
    expect(performance.now() - lostAt).toBeLessThan(5_000);
  });

  test('a subscription can be stopped while the server is away', async () => {
    await using own = await startOwnServer();
    await own.broker.declareStream(SHOP_STREAM);
    const { subscription } = collect(own.broker);
    await own.kill();
    await eventually('the loss is noticed', () => !own.broker.connected);
    await subscription.stop();
    await own.start();
  });
});
