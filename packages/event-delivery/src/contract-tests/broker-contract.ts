// Longer than other files: all that any broker promises, as one suite.

// Longer than other files: one suite over one broker, so that a new broker is proven by one call.

import { randomBytes } from 'node:crypto';
import { ACK_WAIT_MS, type Delivery, type EventBroker, type StoredMessage } from '../broker/broker.ts';
import { freshMessageId } from '../broker/message-id.ts';
import type { StreamName } from '../envelope/stream-name.ts';
import { eventually } from './eventually.ts';
import type { TestRunner } from './test-runner.ts';

export interface BrokerUnderTest {
  /** A connection as another process would have it; whatever was connected before is gone. */
  connect(): Promise<EventBroker>;
}

/** The clauses of EventBroker, for every implementation: a suite that `runner` runs. */
export function describeBrokerContract(name: string, under: BrokerUnderTest, runner: TestRunner): void {
  const { describe, test, beforeEach, afterEach, expect } = runner;
  describe(`${name} keeps the broker's contract:`, () => {
    let broker: EventBroker;
    let stream: StreamName;
    let at: (subject: string) => string;

    beforeEach(async () => {
      broker = await under.connect();
      const word = `t${randomBytes(4).toString('hex')}`;
      stream = { name: word.toUpperCase(), subjects: [`${word}.>`] };
      at = (subject) => `${word}.${subject}`;
      await broker.declareStream(stream);
    });
    afterEach(() => broker.close());

    const message = (subject: string, id: string, payload = id) => ({
      subject: at(subject),
      id: `${stream.name}-${id}`,
      payload,
    });
    const publish = async (...ids: string[]) => broker.publish(ids.map((id) => message('a.1', id)));
    const stored = async (subject?: string) => {
      const all: StoredMessage[] = [];
      for await (const each of broker.stored(stream, subject ? { subject } : {})) all.push(each);
      return all;
    };
    const textOf = ({ payload }: { payload: Uint8Array }) => Buffer.from(payload).toString('utf8');

    function subscribe(durable: string, on: (delivery: Delivery) => void, maxUnacked = 100) {
      return broker.subscribe({ stream, durable: `${durable}-${stream.name}`, maxUnacked, onDelivery: on });
    }

    describe('publishing', () => {
      test('a message is stored when its result is known, with its id, headers and a rising sequence', async () => {
        const results = await broker.publish([
          { ...message('a.1', 'one'), headers: { traceparent: 'tp', 'X-Owner': 'ö' } },
          message('b.1', 'two'),
        ]);
        expect(results).toEqual([
          { sequence: 1, duplicate: false },
          { sequence: 2, duplicate: false },
        ]);
        const [first, second] = await stored();
        expect(first).toMatchObject({ sequence: 1, subject: at('a.1'), id: `${stream.name}-one` });
        expect(first?.headers).toMatchObject({ traceparent: 'tp', 'X-Owner': 'ö' });
        expect(Math.abs(Date.now() - first!.storedAt.getTime())).toBeLessThan(60_000);
        expect(textOf(second!)).toBe('two');
        expect((await stored(at('b.*'))).map(textOf)).toEqual(['two']);
        expect((await stored(at('a.>'))).map(textOf)).toEqual(['one']);
      });

      test('the same id is stored once, within one call and over two; a fresh id of the same event is stored', async () => {
        await publish('one', 'two');
        expect(await publish('two', 'three', 'three')).toEqual([
          { sequence: 2, duplicate: true },
          { sequence: 3, duplicate: false },
          { sequence: 3, duplicate: true },
        ]);
        const again = message('a.1', 'two');
        await broker.publish([{ ...again, id: freshMessageId(again.id, 'redrive') }]);
        expect((await stored()).map(textOf)).toEqual(['one', 'two', 'three', 'two']);
      });

      test('a batch larger than any window keeps its order', async () => {
        const ids = Array.from({ length: 1_300 }, (_, n) => String(n));
        const results = await publish(...ids);
        expect(results.map((result) => 'sequence' in result && result.sequence)).toEqual(
          ids.map((id) => Number(id) + 1),
        );
        expect((await stored()).map(textOf)).toEqual(ids);
      });

      test('what cannot be sent is refused by name, and nothing behind it overtakes it', async () => {
        const results = await broker.publish([message('a.1', 'one'), message('a b', 'two'), message('a.1', 'three')]);
        expect(results[0]).toMatchObject({ sequence: 1 });
        expect(results[1]).toMatchObject({ error: { code: 'BAD_SUBJECT' } });
        expect(results[2]).toMatchObject({ error: { code: 'NOT_SENT' } });
        const large = { ...message('a.1', 'large'), payload: 'x'.repeat(2_000_000) };
        expect(await broker.publish([large])).toMatchObject([{ error: { code: 'TOO_LARGE' } }]);
        expect((await stored()).map(textOf)).toEqual(['one']);
      });

      test('a subject that no stream takes is an error', async () => {
        const results = await broker.publish([{ subject: 'nowhere.1', id: 'x', payload: '' }]);
        expect(results).toMatchObject([{ error: { code: 'NO_STREAM' } }]);
      });

      test('it is named with its message, and nothing behind it overtakes it', async () => {
        const lost = { subject: 'nowhere.1', id: 'the-lost-one', payload: '' };
        const results = await broker.publish([message('a.1', 'one'), lost, message('a.1', 'two')]);
        expect(results).toMatchObject([
          { sequence: 1 },
          { error: { code: 'NO_STREAM' } },
          { error: { code: 'NOT_SENT' } },
        ]);
        const [, { error }] = results as [unknown, { error: Error }];
        expect(error.message).toContain('nowhere.1');
        expect(error.message).toContain('the-lost-one');
        expect((await stored()).map(textOf)).toEqual(['one']);
      });

      test('a stream that somebody else has declared takes it, in order', async () => {
        await broker.close();
        broker = await under.connect();
        const ids = Array.from({ length: 20 }, (_, n) => String(n));
        const results = await publish(...ids);
        expect(results.map((result) => 'sequence' in result && result.sequence)).toEqual(
          ids.map((id) => Number(id) + 1),
        );
        expect((await stored()).map(textOf)).toHaveLength(20);
      });
    });

    describe('a durable subscription', () => {
      test('brings everything in stream order, also what was there before', async () => {
        const seen: string[] = [];
        await publish('1', '2');
        const subscription = subscribe('d', (delivery) => {
          seen.push(textOf(delivery));
          delivery.ack();
        });
        await publish('3', '4');
        await eventually('all four came', () => seen.length === 4);
        expect(seen).toEqual(['1', '2', '3', '4']);
        await subscription.stop();
      });

      test('goes on behind what was acknowledged, in another process too', async () => {
        const first: string[] = [];
        await publish('1', '2', '3');
        const before = subscribe('d', (delivery) => {
          first.push(textOf(delivery));
          if (first.length < 3) delivery.ack();
        });
        await eventually('three came', () => first.length === 3);
        await before.stop();
        await broker.close();
        broker = await under.connect();
        await publish('4');
        const second: string[] = [];
        const after = subscribe('d', (delivery) => {
          second.push(textOf(delivery));
          delivery.ack();
        });
        await eventually('3 and 4 came', () => second.includes('3') && second.includes('4'));
        expect(second.filter((text) => text === '1' || text === '2')).toEqual([]);
        await after.stop();
      });

      test('is independent of another one', async () => {
        const seen = { one: [] as string[], two: [] as string[] };
        const one = subscribe('one', (delivery) => void seen.one.push(textOf(delivery)));
        const two = subscribe('two', (delivery) => {
          seen.two.push(textOf(delivery));
          delivery.ack();
        });
        await publish('1', '2');
        await eventually('both have both', () => seen.one.length === 2 && seen.two.length === 2);
        await Promise.all([one.stop(), two.stop()]);
      });

      test('brings a message again after retryLater, counted, while others flow', async () => {
        const seen: string[] = [];
        const subscription = subscribe('d', (delivery) => {
          seen.push(`${textOf(delivery)}#${delivery.deliveryCount}`);
          if (textOf(delivery) === '1' && delivery.deliveryCount === 1) delivery.retryLater(300);
          else delivery.ack();
        });
        await publish('1', '2', '3');
        await eventually('the retried one came back', () => seen.includes('1#2'));
        expect(seen).toEqual(['1#1', '2#1', '3#1', '1#2']);
        await subscription.stop();
      });

      test('never has more in hand than asked for', async () => {
        const inHand: Delivery[] = [];
        const subscription = subscribe('d', (delivery) => void inHand.push(delivery), 3);
        await publish('1', '2', '3', '4', '5');
        await eventually('three are in hand', () => inHand.length === 3);
        const status = await broker.status();
        expect(status.streams).toContainEqual(
          expect.objectContaining({ name: stream.name, messages: 5, lastSequence: 5 }),
        );
        expect(status.consumers).toContainEqual(
          expect.objectContaining({ stream: stream.name, durable: `d-${stream.name}`, unacked: 3, lag: 2 }),
        );
        inHand[0]!.ack();
        inHand[1]!.ack();
        await eventually('the other two came', () => inHand.length === 5);
        expect(inHand.map(textOf)).toEqual(['1', '2', '3', '4', '5']);
        await subscription.stop();
      });

      test('brings again what nobody answered for, but not what is said to be in work', async () => {
        const seen: string[] = [];
        const slow: Delivery[] = [];
        const subscription = subscribe('d', (delivery) => {
          seen.push(`${textOf(delivery)}#${delivery.deliveryCount}`);
          if (textOf(delivery) === 'slow') slow.push(delivery);
          else if (delivery.deliveryCount > 1) delivery.ack();
        });
        const working = setInterval(() => slow[0]?.working(), ACK_WAIT_MS / 4);
        await publish('slow', 'lost');
        await eventually('the lost one came again', () => seen.some((each) => /^lost#[2-9]$/.test(each)));
        clearInterval(working);
        expect(seen.slice(0, 2)).toEqual(['slow#1', 'lost#1']);
        // More than once, and counted oddly, when a delivery met a request for more that was just running out.
        expect(seen.slice(2).filter((each) => !each.startsWith('lost#'))).toEqual([]);
        slow[0]?.ack();
        await subscription.stop();
      });

      test('brings nothing any more once it is stopped', async () => {
        const seen: string[] = [];
        const subscription = subscribe('d', (delivery) => {
          seen.push(textOf(delivery));
          delivery.ack();
        });
        await publish('1');
        await eventually('it came', () => seen.length === 1);
        await subscription.stop();
        await publish('2');
        const again = subscribe('e', (delivery) => {
          seen.push(`e${textOf(delivery)}`);
          delivery.ack();
        });
        await eventually('another durable has both', () => seen.includes('e2'));
        expect(seen).toEqual(['1', 'e1', 'e2']);
        await again.stop();
      });
    });

    describe('what is stored', () => {
      test('can be deleted, twice too, and is then delivered to nobody', async () => {
        await publish('1', '2', '3');
        await broker.deleteStored(stream, 2);
        await broker.deleteStored(stream, 2);
        expect((await stored()).map(textOf)).toEqual(['1', '3']);
        const seen: string[] = [];
        const subscription = subscribe('d', (delivery) => {
          seen.push(textOf(delivery));
          delivery.ack();
        });
        await eventually('the rest came', () => seen.includes('3'));
        expect(seen).toEqual(['1', '3']);
        await subscription.stop();
      });

      test('of a stream that does not exist is nothing', async () => {
        const all: StoredMessage[] = [];
        for await (const each of broker.stored({ name: 'NOBODY', subjects: ['nobody.>'] })) all.push(each);
        expect(all).toEqual([]);
      });
    });

    describe('announcing', () => {
      test('reaches those who listen, by wildcard too, and only them', async () => {
        const seen: string[] = [];
        const exact = broker.listen(at('live.1'), (payload, subject) => void seen.push(`exact ${payload} ${subject}`));
        const wild = broker.listen(at('live.*'), (payload) => void seen.push(`wild ${payload}`));
        const deep = broker.listen(at('>'), (payload) => void seen.push(`deep ${payload}`));
        broker.announce(at('live.1'), 'x');
        broker.announce(at('live.2.3'), 'y');
        await eventually('all have it', () => seen.length === 4);
        expect(seen.sort()).toEqual(['deep x', 'deep y', `exact x ${at('live.1')}`, 'wild x']);
        await Promise.all([exact.stop(), wild.stop()]);
        broker.announce(at('live.1'), 'z');
        await eventually('the one that stayed has it', () => seen.includes('deep z'));
        expect(seen).toHaveLength(5);
        await deep.stop();
      });

      test('what is published to a stream is heard by listeners too', async () => {
        const seen: string[] = [];
        const listening = broker.listen(
          stream.subjects[0]!,
          (payload, subject) => void seen.push(`${subject} ${payload}`),
        );
        await publish('1', '2');
        await eventually('both are heard', () => seen.length === 2);
        expect(seen).toEqual([`${at('a.1')} 1`, `${at('a.1')} 2`]);
        await listening.stop();
      });

      test('a listener that throws harms neither the next message nor the other listeners', async () => {
        const seen: string[] = [];
        const bad = broker.listen(at('live'), () => {
          throw new Error('listener');
        });
        const good = broker.listen(at('live'), (payload) => void seen.push(payload));
        broker.announce(at('live'), '1');
        broker.announce(at('live'), '2');
        await eventually('both came', () => seen.length === 2);
        expect(broker.connected).toBe(true);
        await Promise.all([bad.stop(), good.stop()]);
      });
    });
  });
}
