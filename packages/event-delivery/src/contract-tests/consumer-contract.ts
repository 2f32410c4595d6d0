// Longer than other files: all that a consumer promises over any broker, as one suite.

// Longer than other files: one suite over one broker and one kind of consumer, so that a new broker is proven by one call.

import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ACK_WAIT_MS, type EventBroker, type Message, type Stoppable } from '../broker/broker.ts';
import { DEAD_STREAM } from '../broker/durable-names.ts';
import { consume } from '../consumer/consume.ts';
import { readDeadLetters } from '../consumer/dead-letters/dead-letter-box.ts';
import { readSettlements } from '../consumer/dead-letters/record-settlement.ts';
import {
  dropDeadLetters,
  listDeadLetters,
  redriveDeadLetters,
  type Settled,
} from '../consumer/dead-letters/settle-dead-letters.ts';
import type { ConsumerDefinition } from '../consumer/try/consumer-definition.ts';
import { type EnvelopeOf, readData } from '../envelope/envelope.ts';
import { defineEvent } from '../envelope/event-contract.ts';
import type { StreamName } from '../envelope/stream-name.ts';
import type { BrokerUnderTest } from './broker-contract.ts';
import { collectLog } from './collect-log.ts';
import { describeDurablesContract } from './durables-contract.ts';
import { eventually } from './eventually.ts';
import { counted, SHOP_STREAM, shopMessage } from './shop-events.ts';
import type { TestRunner } from './test-runner.ts';

type Counted = EnvelopeOf<typeof counted>;

/** What consumers promise, for every broker. Owners and durables are fresh in each test; the stream is shared. */
export function describeConsumerContract(name: string, under: BrokerUnderTest, runner: TestRunner): void {
  describeDurablesContract(name, under, runner);
  const { describe, test, beforeEach, afterEach, expect } = runner;
  describe(`a consumer on ${name}:`, () => {
    const stream: StreamName = SHOP_STREAM;
    let broker: EventBroker;
    let durable: string;
    let word: string;
    let consumers: Stoppable[];
    /** By so much the consumers' clock is ahead. */
    let laterByMs: number;

    beforeEach(async () => {
      laterByMs = 0;
      broker = await under.connect();
      word = randomBytes(4).toString('hex');
      durable = `count-${word}`;
      consumers = [];
      await broker.declareStream(stream);
      await broker.declareStream(DEAD_STREAM);
    });
    afterEach(async () => {
      await Promise.all(consumers.map((consumer) => consumer.stop()));
      await broker.close();
    });

    const owner = (n: number | string) => `${word}-${n}`;
    const mine = (event: Counted) => event.ownerId.startsWith(`${word}-`);

    async function start(
      handle: (event: Counted, signal?: AbortSignal) => Promise<void>,
      changes: Partial<ConsumerDefinition<typeof counted>> = {},
    ): Promise<Stoppable & { log: string[] }> {
      const log = collectLog();
      const consumer = await consume(
        {
          stream,
          durable,
          contracts: [counted],
          retry: { firstMs: 20, mostMs: 100 },
          maxAttempts: 3,
          // The stream keeps what other tests have published.
          handle: (event, signal) => (mine(event) ? handle(event, signal) : Promise.resolve()),
          ...changes,
        },
        { broker, log, now: () => new Date(Date.now() + laterByMs) },
      );
      consumers.push(consumer);
      return { ...consumer, log: log.lines };
    }

    async function publish(...messages: Message[]): Promise<void> {
      for (const result of await broker.publish(messages)) if ('error' in result) throw result.error;
    }
    const letters = async () =>
      (await readDeadLetters(broker, `dead.${durable}.>`)).filter(({ ownerId }) => ownerId.startsWith(`${word}-`));
    const lettersOf = (n: number) => readDeadLetters(broker, `dead.${durable}.${owner(n)}`);

    test('handles the events of an owner in order and owners concurrently', async () => {
      const seen = new Map<string, number[]>();
      let running = 0;
      let most = 0;
      const runningOwners = new Set<string>();
      await start(async (event) => {
        expect(runningOwners.has(event.ownerId)).toBe(false);
        runningOwners.add(event.ownerId);
        running += 1;
        most = Math.max(most, running);
        await sleep(Math.random() * 4);
        seen.set(event.ownerId, [...(seen.get(event.ownerId) ?? []), event.revision]);
        running -= 1;
        runningOwners.delete(event.ownerId);
      });
      const messages: Message[] = [];
      for (let revision = 1; revision <= 20; revision += 1) {
        for (let n = 0; n < 10; n += 1) messages.push(shopMessage(owner(n), revision));
      }
      await publish(...messages);
      await eventually('all are handled', () => [...seen.values()].flat().length === 200);
      const inOrder = Array.from({ length: 20 }, (_, n) => n + 1);
      expect([...seen.values()]).toEqual(Array.from({ length: 10 }, () => inOrder));
      expect(most).toBeGreaterThan(3);
      expect(await letters()).toEqual([]);
    });

    test('keeps its limit of owners at once', async () => {
      let running = 0;
      let most = 0;
      let handled = 0;
      await start(
        async () => {
          running += 1;
          most = Math.max(most, running);
          await sleep(5);
          running -= 1;
          handled += 1;
        },
        { concurrency: 2 },
      );
      await publish(...[1, 2, 3, 4, 5, 6].map((n) => shopMessage(owner(n), 1)));
      await eventually('all are handled', () => handled === 6);
      expect(most).toBe(2);
    });

    test('tries a failed event again with back-off before the next one of its owner', async () => {
      const seen: string[] = [];
      await start(async (event) => {
        seen.push(`${event.ownerId === owner(1) ? 'a' : 'b'}${event.revision}`);
        if (seen.filter((each) => each === 'a1').length < 3 && event.ownerId === owner(1)) throw new Error('not yet');
      });
      await publish(shopMessage(owner(1), 1), shopMessage(owner(1), 2), shopMessage(owner(2), 1));
      await eventually('all are handled', () => seen.includes('a2') && seen.includes('b1'));
      expect(seen.filter((each) => each.startsWith('a'))).toEqual(['a1', 'a1', 'a1', 'a2']);
      expect(seen.indexOf('b1')).toBeLessThan(seen.lastIndexOf('a1'));
      expect(await letters()).toEqual([]);
    });

    test('an outage is waited out, however often it fails, and is no dead letter', async () => {
      let failures = 0;
      let handled = 0;
      await start(async () => {
        failures += 1;
        if (failures < 12) throw Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
        handled += 1;
      });
      await publish(shopMessage(owner(1), 1));
      await eventually('it is handled', () => handled === 1);
      expect(failures).toBe(12);
      expect(await letters()).toEqual([]);
    });

    test('a slow handler is left alone until it is done', async () => {
      let calls = 0;
      let done = 0;
      await start(async () => {
        calls += 1;
        await sleep(ACK_WAIT_MS + 2_000);
        done += 1;
      });
      await publish(shopMessage(owner(1), 1));
      await eventually('it is done', () => done === 1);
      await eventually('it is acknowledged', async () => (await unackedOf(durable)) === 0);
      expect(calls).toBe(1);
    });

    const unackedOf = async (name: string) =>
      (await broker.status()).consumers.find((consumer) => consumer.durable === name)?.unacked;

    const isIdle = async (name: string) => {
      const consumer = (await broker.status()).consumers.find(({ durable }) => durable === name);
      return consumer?.lag === 0 && consumer.unacked === 0;
    };

    describe('an event that cannot be handled', () => {
      const text = (payload: string): Message => ({
        subject: counted.subject(owner(1)),
        id: randomUUID(),
        payload,
      });

      const poisons = [
        ['that is not JSON', () => text('{"half'), 'MALFORMED_ENVELOPE', 1],
        ['that is no CloudEvent', () => text('{"hello":1}'), 'MALFORMED_ENVELOPE', 1],
        ['of no version', () => shopMessage(owner(1), 1, { type: 'shop.counted' }), 'UNKNOWN_VERSION', 1],
        ['of version 0', () => shopMessage(owner(1), 1, { type: 'shop.counted.v0' }), 'UNKNOWN_VERSION', 1],
        ['with malformed data', () => shopMessage(owner(1), 1, { data: { n: 'x' } }), 'MALFORMED_DATA', 1],
        ['that its handler always refuses', () => shopMessage(owner(1), 13), 'TypeError', 3],
      ] as const;
      for (const [what, poison, reason, attempts] of poisons) {
        test(`${what} goes to the dead letters whole, and others flow`, async () => {
          const seen: string[] = [];
          await start(async (event) => {
            if (event.revision === 13) throw new TypeError('thirteen');
            seen.push(`${event.ownerId}:${event.revision}`);
          });
          const message = poison();
          await publish(message, shopMessage(owner(1), 2), shopMessage(owner(2), 1));
          await eventually('others are handled', () => seen.length === 2);
          const [letter] = await eventually('it is dead', async () =>
            (await letters()).length === 1 ? letters() : false,
          );
          expect(seen.sort()).toEqual([`${owner(1)}:2`, `${owner(2)}:1`]);
          expect(letter).toMatchObject({
            consumer: durable,
            ownerId: owner(1),
            eventId: message.id,
            reason,
            attempts,
            stack: expect.stringMatching(/Error|UnreadableEvent/),
            whenPoisoned: 'pass',
            origin: { stream: stream.name, subject: message.subject, sequence: expect.any(Number) },
          });
          expect(Buffer.from(letter!.payload!, 'base64').toString('utf8')).toBe(message.payload);
          await eventually('nothing is left in hand', async () => (await unackedOf(durable)) === 0);
        });
      }
    });

    test('what it does not name is acknowledged, and no dead letter, whatever its version', async () => {
      const seen: number[] = [];
      await start(async (event) => void seen.push(event.revision));
      await publish(
        ...['shop.lost.v1', 'shop.lost.v9', 'shop.counted-twice.v1', 'shop.lost'].map((type, at) =>
          shopMessage(owner(at), 1, { type }),
        ),
        shopMessage(owner(1), 2),
      );
      await eventually('the one that it names is handled', () => seen.length === 1);
      await eventually('nothing is left in hand', () => isIdle(durable));
      expect(await letters()).toEqual([]);
    });

    describe('an event from the future', () => {
      const soon = { whenFromTheFuture: { firstMs: 50, mostMs: 100 } };
      const v2 = defineEvent({
        name: counted.name,
        subject: counted.subject,
        older: [{ schema: z.object({ n: z.number() }), lift: ({ n }: { n: number }) => ({ many: n }) }],
        newest: z.object({ many: z.number() }),
      });
      const future = (n: number) => shopMessage(owner(n), 1, { type: 'shop.counted.v2', data: { many: 7 } });

      // Whoever consumes the shared stream after this would wait for them as well.
      afterEach(async () => {
        await Promise.all(consumers.map((consumer) => consumer.stop()));
        for await (const { sequence, payload } of broker.stored(stream)) {
          if (Buffer.from(payload).includes('shop.counted.v2')) await broker.deleteStored(stream, sequence);
        }
      });

      test('is given back, while others flow, until an instance knows its version', async () => {
        const seen: string[] = [];
        const old = await start(async (event) => void seen.push(`${event.ownerId}:${event.revision}`), soon);
        await publish(future(1), shopMessage(owner(1), 2), shopMessage(owner(2), 1));
        await eventually('others are handled', () => seen.length === 2);
        const waits = (line: string) => line.includes('waits for a newer process');
        await eventually('it was looked at again', () => old.log.filter(waits).length >= 3);
        expect(await letters()).toEqual([]);
        await old.stop();
        const many: number[] = [];
        const log = collectLog();
        const handle = async (event: EnvelopeOf<typeof v2>) => {
          if (event.ownerId === owner(1)) many.push(event.data.many);
        };
        consumers.push(await consume({ stream, durable, contracts: [v2], handle }, { broker, log }));
        await eventually('the newer one handles it', () => many.includes(7));
        expect(await letters()).toEqual([]);
      });

      test('is dead after a day, whole', async () => {
        await start(async () => undefined, soon);
        const message = future(1);
        await publish(message);
        laterByMs = 23 * 3_600_000;
        await eventually('it waits', async () => (await unackedOf(durable)) === 1);
        expect(await letters()).toEqual([]);
        laterByMs = 25 * 3_600_000;
        const [letter] = await eventually('it is dead', async () => {
          const found = await letters();
          return found.length === 1 && found;
        });
        expect(letter).toMatchObject({ reason: 'UNKNOWN_VERSION', ownerId: owner(1) });
        expect(Buffer.from(letter!.payload!, 'base64').toString('utf8')).toBe(message.payload);
      });

      test('that a handler meets when it reads to fill a hole waits alike', async () => {
        let upgraded = false;
        let handled = 0;
        const waiting = await start(async (event) => {
          if (!upgraded) readData(counted, 2, event.data);
          handled += 1;
        }, soon);
        await publish(shopMessage(owner(1), 1));
        const waits = (line: string) => line.includes('waits for a newer process');
        await eventually('it was looked at more often than it may fail', () => waiting.log.filter(waits).length > 3);
        expect(await letters()).toEqual([]);
        upgraded = true;
        await eventually('it is handled', () => handled === 1);
      });

      test('holds up its owner where order is held, and nobody else', async () => {
        const seen: string[] = [];
        const waiting = await start(async (event) => void seen.push(`${event.ownerId}:${event.revision}`), {
          ...soon,
          whenPoisoned: 'hold',
        });
        await publish(future(1), shopMessage(owner(1), 2), shopMessage(owner(2), 1));
        const waits = (line: string) => line.includes('waits for a newer process');
        await eventually('it was looked at again', () => waiting.log.filter(waits).length >= 3);
        expect(seen).toEqual([`${owner(2)}:1`]);
        laterByMs = 25 * 3_600_000;
        await eventually('it is dead, and the next one parked', async () => (await lettersOf(1)).length === 2);
        expect((await lettersOf(1)).map(({ reason }) => reason)).toEqual(['UNKNOWN_VERSION', 'HELD_BEHIND']);
      });
    });

    describe('a handler that does not return', () => {
      const forever = () => new Promise<void>(() => undefined);

      test('is cut off, tried again, and buried like any other failure; others flow', async () => {
        const seen: string[] = [];
        const aborted: unknown[] = [];
        await start(
          async (event, signal) => {
            if (event.ownerId !== owner(1)) return void seen.push(event.ownerId);
            signal?.addEventListener('abort', () => aborted.push(signal.reason));
            await forever();
          },
          { handleWithinMs: 50, concurrency: 1 },
        );
        await publish(shopMessage(owner(1), 1), shopMessage(owner(2), 1));
        const [letter] = await eventually('it is dead', async () => {
          const found = await letters();
          return found.length === 1 && found;
        });
        expect(letter).toMatchObject({ reason: 'HANDLER_TIMED_OUT', attempts: 3, ownerId: owner(1) });
        expect(aborted).toHaveLength(3);
        await eventually('the other one is handled', () => seen.length === 1);
        await eventually('nothing is left in hand', () => isIdle(durable));
      });

      const aborted = (signal?: AbortSignal) =>
        new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));

      const hanging: [string, (signal?: AbortSignal) => Promise<void>][] = [
        ['ends too late to say so', (signal) => aborted(signal).then(() => sleep(20))],
        ['never ends', forever],
      ];
      for (const [which, hang] of hanging) {
        test(`does not keep the consumer from stopping, and its event comes again: one that ${which}`, async () => {
          let begun = 0;
          let cutOff: AbortSignal | undefined;
          const stopping = await start(
            async (_event, signal) => {
              begun += 1;
              cutOff = signal;
              await hang(signal);
            },
            // Its own time is not up before the test's is.
            { stopWithinMs: 50, handleWithinMs: 2 ** 31 - 1 },
          );
          await publish(shopMessage(owner(1), 1));
          await eventually('it hangs', () => begun === 1);
          let hasStopped = false;
          void stopping.stop().then(() => {
            hasStopped = true;
          });
          await eventually('it has stopped', () => hasStopped);
          expect(cutOff?.reason).toMatchObject({ code: 'CONSUMER_STOPPED' });
          let handled = 0;
          await start(async () => {
            handled += 1;
          });
          await eventually('the next one handles it', () => handled === 1);
          expect(await letters()).toEqual([]);
        });
      }
    });

    test('an outage that the consumer declares is waited out; a declaration that throws declares nothing', async () => {
      class QuotaExceeded extends Error {}
      let failures = 0;
      let handled = 0;
      await start(
        async (event) => {
          if (event.ownerId === owner(2)) throw new RangeError('no outage');
          failures += 1;
          if (failures < 8) throw new QuotaExceeded('come back later');
          handled += 1;
        },
        {
          isOutage: (error) => {
            if (error instanceof RangeError) throw error;
            return error instanceof QuotaExceeded;
          },
        },
      );
      await publish(shopMessage(owner(1), 1), shopMessage(owner(2), 1));
      await eventually('it is handled', () => handled === 1);
      await eventually('the other one is dead', async () => (await letters()).length === 1);
      expect((await letters()).map(({ ownerId, reason }) => [ownerId, reason])).toEqual([[owner(2), 'RangeError']]);
    });

    test('a handler cannot change the event that it is given, however deep', async () => {
      const outcomes: string[] = [];
      await start(async (event) => {
        try {
          (event as { data: { n: number } }).data.n = 99;
        } catch (error) {
          outcomes.push(`${error instanceof TypeError} ${event.data.n}`);
        }
      });
      await publish(shopMessage(owner(1), 1, { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` }));
      await eventually('it was handled', () => outcomes.length === 1);
      expect(outcomes).toEqual(['true 1']);
    });

    describe('stopping', () => {
      test('finishes what is in hand and leaves the rest to the next process', async () => {
        const first: number[] = [];
        let begun = 0;
        let release = (): void => undefined;
        const gate = new Promise<void>((resolve) => {
          release = resolve;
        });
        const before = await start(
          async (event) => {
            begun += 1;
            await gate;
            first.push(event.revision);
          },
          { concurrency: 1 },
        );
        await eventually('what other tests left is done', () => isIdle(durable));
        await publish(shopMessage(owner(1), 1), shopMessage(owner(1), 2), shopMessage(owner(2), 7));
        let stopping: Promise<void> | undefined;
        try {
          await eventually('one is in hand and two wait', async () => begun === 1 && (await unackedOf(durable)) === 3);
          stopping = before.stop();
        } finally {
          // Also after a failed assertion: a handler that never ends could not be stopped.
          release();
        }
        await stopping;
        // Of different owners either may be first.
        expect(first).toHaveLength(1);
        const second: number[] = [];
        await start(async (event) => void second.push(event.revision));
        await eventually('the rest is handled', () => second.length === 2);
        expect([...first, ...second].sort()).toEqual([1, 2, 7]);
      });

      test('does not wait for an event that keeps failing', async () => {
        const failing = await start(
          async () => {
            throw Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
          },
          { retry: { firstMs: 60_000, mostMs: 60_000 } },
        );
        await publish(shopMessage(owner(1), 1));
        await eventually('it has failed', () => failing.log.some((line) => line.includes('will be tried again')));
        await failing.stop();
        let handled = 0;
        await start(async () => {
          handled += 1;
        });
        await eventually('the next one handles it', () => handled === 1);
      });
    });

    describe('after a dead letter,', () => {
      test('a consumer that holds parks what follows of that owner, and others flow', async () => {
        const seen: string[] = [];
        await start(
          async (event) => {
            if (event.ownerId === owner(1) && event.revision === 1) throw new Error('poison');
            seen.push(`${event.ownerId}:${event.revision}`);
          },
          { whenPoisoned: 'hold' },
        );
        await publish(...[1, 2, 3].map((revision) => shopMessage(owner(1), revision)), shopMessage(owner(2), 1));
        await eventually('three letters', async () => (await lettersOf(1)).length === 3);
        expect((await lettersOf(1)).map(({ revision, reason, attempts }) => [revision, reason, attempts])).toEqual([
          [1, 'Error', 3],
          [2, 'HELD_BEHIND', 0],
          [3, 'HELD_BEHIND', 0],
        ]);
        expect(seen).toEqual([`${owner(2)}:1`]);
      });

      test('a consumer that holds still holds after a restart', async () => {
        const refuse = async (event: Counted) => {
          if (event.revision === 1) throw new Error('poison');
          seen.push(event.revision);
        };
        const seen: number[] = [];
        const before = await start(refuse, { whenPoisoned: 'hold' });
        await publish(shopMessage(owner(1), 1));
        await eventually('it is dead', async () => (await lettersOf(1)).length === 1);
        await before.stop();
        await start(refuse, { whenPoisoned: 'hold' });
        await publish(shopMessage(owner(1), 2));
        await eventually('it is parked', async () => (await lettersOf(1)).length === 2);
        expect(seen).toEqual([]);
      });

      test('others of that owner pass by a consumer that does not hold', async () => {
        const seen: number[] = [];
        await start(async (event) => {
          if (event.revision === 1) throw new Error('poison');
          seen.push(event.revision);
        });
        await publish(shopMessage(owner(1), 1), shopMessage(owner(1), 2));
        await eventually('the second is handled', () => seen.length === 1);
        expect((await lettersOf(1)).map(({ revision }) => revision)).toEqual([1]);
      });
    });

    describe('settling dead letters:', () => {
      async function all(settling: AsyncGenerator<Settled>): Promise<string[]> {
        const outcomes: string[] = [];
        for await (const settled of settling) {
          const code = settled.outcome === 'refused' ? ` ${settled.code}` : '';
          const of = settled.outcome === 'missing' ? settled.letter.sequence : settled.letter.revision;
          outcomes.push(`${of} ${settled.outcome}${code}`);
        }
        return outcomes;
      }
      const settlementsOf = async (ownerId: string) =>
        (await readSettlements(broker)).filter((each) => each.ownerId === ownerId).map(({ action }) => action);

      /** A consumer that refuses revision 1 of owner 1 until it is fixed. */
      function createFixable() {
        const seen: string[] = [];
        const state = { fixed: false, seen, tries: 0 };
        const handle = async (event: Counted) => {
          if (event.ownerId === owner(1) && event.revision === 1 && !state.fixed) {
            state.tries += 1;
            throw new Error('poison');
          }
          seen.push(`${event.ownerId === owner(1) ? 'a' : 'b'}${event.revision}`);
        };
        return { state, handle };
      }

      test('a redrive inside the dedup window is handled once, by the consumer that gave up and by no other', async () => {
        const { state, handle } = createFixable();
        const others: number[] = [];
        await start(handle);
        await start(async (event) => void others.push(event.revision), { durable: `other-${word}` });
        await publish(shopMessage(owner(1), 1));
        await eventually('it is dead', async () => (await lettersOf(1)).length === 1);
        state.fixed = true;
        expect(await all(redriveDeadLetters(broker, { consumer: durable, ownerId: owner(1) }))).toEqual(['1 redriven']);
        await eventually('it is handled', () => state.seen.length === 1);
        await eventually('the letter is gone', async () => (await lettersOf(1)).length === 0);
        expect(await settlementsOf(owner(1))).toEqual(['redriven', 'handled']);
        await publish(shopMessage(owner(1), 2));
        await eventually('the next one is handled by both', () => others.includes(2) && state.seen.length === 2);
        expect(others).toEqual([1, 2]);
        expect(state.seen).toEqual(['a1', 'a2']);
      });

      test('what dies again keeps one letter and its place', async () => {
        const { state, handle } = createFixable();
        await start(handle);
        await publish(shopMessage(owner(1), 1));
        const [first] = await eventually('it is dead', async () => {
          const found = await lettersOf(1);
          return found.length === 1 && found;
        });
        await all(redriveDeadLetters(broker, { letters: [first!.sequence] }));
        const [second] = await eventually('it has died again', async () => {
          const found = await lettersOf(1);
          return found.length === 1 && found[0]!.sequence !== first!.sequence && found;
        });
        expect(second).toMatchObject({ place: first!.place, eventId: first!.eventId, origin: first!.origin });
        expect(state.tries).toBe(6);
      });

      test('a holding consumer takes up in order what was parked, after the one that was redriven', async () => {
        const { state, handle } = createFixable();
        await start(handle, { whenPoisoned: 'hold' });
        await publish(...[1, 2, 3].map((revision) => shopMessage(owner(1), revision)));
        await eventually('three letters', async () => (await lettersOf(1)).length === 3);
        state.fixed = true;
        expect(await all(redriveDeadLetters(broker, { ownerId: owner(1), reason: 'Error' }))).toEqual(['1 redriven']);
        await publish(shopMessage(owner(1), 4));
        await eventually('all are handled', () => state.seen.length === 4);
        expect(state.seen).toEqual(['a1', 'a2', 'a3', 'a4']);
        await eventually('no letter is left', async () => (await lettersOf(1)).length === 0);
        await publish(shopMessage(owner(1), 5));
        await eventually('the owner flows again', () => state.seen.includes('a5'));
      });

      test('a redrive is refused while an earlier event of the owner is dead and the consumer holds', async () => {
        const { state, handle } = createFixable();
        await start(handle, { whenPoisoned: 'hold' });
        await publish(shopMessage(owner(1), 1), shopMessage(owner(1), 2));
        const [, second] = await eventually('two letters', async () => {
          const found = await lettersOf(1);
          return found.length === 2 && found;
        });
        expect(await all(redriveDeadLetters(broker, { letters: [second!.sequence] }))).toEqual([
          '2 refused EARLIER_STILL_DEAD',
        ]);
        expect(await all(redriveDeadLetters(broker, { ownerId: owner(1) }))).toEqual(['1 redriven', '2 follows']);
        await eventually('the first has died again', () => state.tries === 6);
        await eventually('both are still there', async () => {
          const found = await lettersOf(1);
          return found.map(({ revision }) => revision).join() === '1,2';
        });
        expect(state.seen).toEqual([]);
      });

      test('a drop lets a holding consumer go on with what follows', async () => {
        const { state, handle } = createFixable();
        await start(handle, { whenPoisoned: 'hold' });
        await publish(...[1, 2, 3].map((revision) => shopMessage(owner(1), revision)));
        await eventually('three letters', async () => (await lettersOf(1)).length === 3);
        expect(await all(dropDeadLetters(broker, { ownerId: owner(1), reason: 'Error' }))).toEqual(['1 dropped']);
        await eventually('the others are handled', () => state.seen.length === 2);
        expect(state.seen).toEqual(['a2', 'a3']);
        await eventually('no letter is left', async () => (await lettersOf(1)).length === 0);
        expect(await settlementsOf(owner(1))).toEqual(['dropped', 'released', 'released']);
      });

      test('all of a consumer are redriven, by reason or by name', async () => {
        let broken = true;
        const seen: string[] = [];
        await start(async (event) => {
          if (broken) throw new RangeError('broken');
          seen.push(event.ownerId);
        });
        await publish(
          ...[1, 2, 3].map((n) => shopMessage(owner(n), 1)),
          shopMessage(owner(4), 1, { data: { n: 'x' } }),
        );
        await eventually('four letters', async () => (await letters()).length === 4);
        broken = false;
        const mineOnly = (await letters()).map(({ sequence }) => sequence);
        expect(await all(redriveDeadLetters(broker, { letters: mineOnly, reason: 'RangeError' }))).toHaveLength(3);
        await eventually('three are handled', () => seen.length === 3);
        expect(
          (await listDeadLetters(broker, { consumer: durable, ownerId: owner(4) })).map(({ reason }) => reason),
        ).toEqual(['MALFORMED_DATA']);
      });
    });
  });
}
