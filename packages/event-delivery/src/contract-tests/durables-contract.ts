import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { EventBroker, StartAt, Stoppable } from '../broker/broker.ts';
import { DEAD_STREAM } from '../broker/durable-names.ts';
import { consume } from '../consumer/consume.ts';
import type { ConsumerDefinition } from '../consumer/try/consumer-definition.ts';
import { type Contracts, defineEvent, defineFamily, type EventContract } from '../envelope/event-contract.ts';
import type { StreamName } from '../envelope/stream-name.ts';
import type { BrokerUnderTest } from './broker-contract.ts';
import { collectLog } from './collect-log.ts';
import { eventually } from './eventually.ts';
import { shopMessage } from './shop-events.ts';
import type { TestRunner } from './test-runner.ts';

const kindOfOrder = (name: string) =>
  defineEvent({ name, subject: (id) => `shop.counted.${id}`, newest: z.object({ n: z.number() }) });
const placed = kindOfOrder('shop.order.placed');
const paid = kindOfOrder('shop.order.paid');
const stocked = kindOfOrder('shop.stock.changed');

/** Where a durable begins, whose it is, and which types it takes: for every broker. Each test has a stream of its own. */
export function describeDurablesContract(name: string, under: BrokerUnderTest, runner: TestRunner): void {
  const { describe, test, beforeEach, afterEach, expect } = runner;
  describe(`a durable on ${name}:`, () => {
    let broker: EventBroker;
    let stream: StreamName;
    let word: string;
    let consumers: Stoppable[];

    beforeEach(async () => {
      broker = await under.connect();
      word = `d${randomBytes(4).toString('hex')}`;
      stream = { name: word.toUpperCase(), subjects: [`${word}.>`] };
      consumers = [];
      await broker.declareStream(stream);
      await broker.declareStream(DEAD_STREAM);
    });
    afterEach(async () => {
      await Promise.all(consumers.map((consumer) => consumer.stop()));
      await broker.close();
    });

    async function publish(revision: number, type = placed.type): Promise<void> {
      const message = shopMessage('1', revision, { type });
      const [result] = await broker.publish([{ ...message, subject: `${word}.events.1` }]);
      if (!result || 'error' in result) throw result?.error;
    }

    async function start(changes: Partial<ConsumerDefinition<EventContract>> = {}, service = 'shop/one', on = broker) {
      const seen: number[] = [];
      const contracts: Contracts<EventContract> = [placed];
      const handle = async (event: { revision: number }) => void seen.push(event.revision);
      const definition = { stream, durable: `takes-${word}`, contracts, maxAttempts: 2, handle, ...changes };
      const consumer = await consume(definition, { broker: on, log: collectLog(), service });
      consumers.push(consumer);
      return { seen, stop: () => consumer.stop() };
    }
    const failure = (starting: Promise<unknown>) =>
      starting.then(
        () => 'no failure',
        (error) => error,
      );
    const aWhile = () => new Promise((resolve) => setTimeout(resolve, 50));

    const points: [string, (between: Date) => StartAt | undefined, number[]][] = [
      ['nowhere else', () => undefined, [1, 2, 3]],
      ['with all there is', () => 'all', [1, 2, 3]],
      ['with what is stored from now on', () => 'now', [3]],
      ['since a moment', (between) => between, [2, 3]],
    ];
    for (const [words, point, expected] of points) {
      test(`a new one begins ${words}, and goes on where it stood whatever is said then`, async () => {
        await publish(1);
        await aWhile();
        const between = new Date();
        await aWhile();
        await publish(2);
        const startAt = point(between);
        const first = await start({ startAt });
        await publish(3);
        await eventually('it has come to the last', () => first.seen.includes(3));
        expect(first.seen).toEqual(expected);
        const { seen: had } = first;
        await eventually('all is acknowledged', async () => {
          const { consumers: all } = await broker.status();
          return all.some(({ stream: of, lag, unacked }) => of === stream.name && lag + unacked === 0);
        });
        await first.stop();
        await publish(4);
        const second = await start({ startAt: 'now' });
        await eventually('it goes on', () => second.seen.includes(4));
        expect([had, second.seen]).toEqual([expected, [4]]);
      });
    }

    test('a service is refused one that is another service’s, and nothing is delivered to it', async () => {
      const mine = await start();
      const refused = await failure(start({}, 'shop/two'));
      expect(refused).toMatchObject({ code: 'DURABLE_TAKEN' });
      for (const part of [`takes-${word}`, stream.name, 'shop/one', 'shop/two', 'takesOverFrom']) {
        expect(String(refused)).toContain(part);
      }
      await publish(1);
      await eventually('the first has it', () => mine.seen.includes(1));
      await mine.stop();
      expect(await failure(start({}, 'shop/two'))).toMatchObject({ code: 'DURABLE_TAKEN' });
    });

    test('a service is refused a name that another service has on another stream', async () => {
      await start();
      const other = { name: `${stream.name}2`, subjects: [`${word}2.>`] };
      await broker.declareStream(other);
      expect(await failure(start({ stream: other }, 'shop/two'))).toMatchObject({ code: 'DURABLE_TAKEN' });
      await start({ stream: other, durable: `other-${word}` }, 'shop/two');
    });

    test('a consumer that has moved takes its durable over, and goes on where it stood', async () => {
      await publish(1);
      const before = await start();
      await eventually('it is handled', () => before.seen.includes(1));
      await before.stop();
      const moved = await start({ takesOverFrom: 'shop/one' }, 'shop/two');
      await publish(2);
      await eventually('it goes on', () => moved.seen.includes(2));
      await moved.stop();
      expect(await failure(start())).toMatchObject({ code: 'DURABLE_TAKEN' });
      const again = await start({}, 'shop/two');
      await publish(3);
      await eventually('it is theirs', () => again.seen.includes(3));
    });

    test('a whole family is taken, and others on its stream are not', async () => {
      const orders = await start({ contracts: defineFamily('shop.order', [placed, paid]) });
      const [some, all] = await Promise.all([
        start({ durable: `some-${word}`, contracts: [paid] }),
        start({ durable: `all-${word}`, contracts: [defineFamily('shop.order', [placed, paid]), stocked] }),
      ]);
      await publish(1);
      await publish(2, stocked.type);
      await publish(3, paid.type);
      await eventually('all are handled', () => [orders, some, all].every(({ seen }) => seen.includes(3)));
      expect([orders.seen, some.seen, all.seen]).toEqual([[1, 3], [3], [1, 2, 3]]);
    });

    test('a type of the family that is not known yet waits for an upgrade, and is not acknowledged unseen', async () => {
      const soon = { firstMs: 20, mostMs: 50 };
      const old = await start({ contracts: defineFamily('shop.order', [placed]), whenFromTheFuture: soon });
      await publish(1, paid.type);
      await publish(2);
      await eventually('the other one flows', () => old.seen.includes(2));
      await old.stop();
      const upgraded = await start({ contracts: defineFamily('shop.order', [placed, paid]) });
      await eventually('it has waited', () => upgraded.seen.includes(1));
    });
  });
}
