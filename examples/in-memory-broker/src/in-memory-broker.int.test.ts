import { collectLog, describeBrokerContract, describeConsumerContract, eventually } from '@kith/event-delivery/testing';
import * as vitest from 'vitest';
import { expect, test } from 'vitest';
import { createInMemoryBus } from './in-memory-broker.ts';

const bus = createInMemoryBus({ log: collectLog() });
describeBrokerContract('The in-memory bus', { connect: bus.connect }, vitest);
describeConsumerContract('the in-memory bus', { connect: bus.connect }, vitest);

const STREAM = { name: 'ORDERED', subjects: ['ordered.>'] };

test('of two that keep order the first is given all; the other takes over, from what is in hand, when it is done', async () => {
  const { connect } = createInMemoryBus({ log: collectLog() });
  const broker = await connect();
  await broker.declareStream(STREAM);
  const seen: string[] = [];
  const take = (name: string, acks: boolean) =>
    broker.subscribe({
      stream: STREAM,
      durable: 'd',
      maxUnacked: 10,
      keepsOrder: true,
      onActive: async () => void seen.push(`${name} is active`),
      onDelivery(delivery) {
        seen.push(`${name} ${Buffer.from(delivery.payload)}`);
        if (acks) delivery.ack();
      },
    });
  const first = take('a', false);
  const second = take('b', true);
  const publish = (id: string) => broker.publish([{ subject: 'ordered.1', id, payload: id }]);
  await publish('1');
  await eventually('the first has it', () => seen.includes('a 1'));
  expect([first.active?.(), second.active?.()]).toEqual([true, false]);
  let handled = (): void => undefined;
  const stopping = first.stop(new Promise((resolve) => (handled = resolve)));
  await publish('2');
  expect(second.active?.()).toBe(false);
  handled();
  await stopping;
  await eventually('the second has both', () => seen.includes('b 2'));
  expect(seen).toEqual(['a is active', 'a 1', 'b is active', 'b 1', 'b 2']);
  await broker.close();
});

test('a closed connection publishes and hears nothing any more, and another has the same streams', async () => {
  const { connect } = createInMemoryBus({ log: collectLog() });
  const closed = await connect();
  await closed.declareStream(STREAM);
  const heard: string[] = [];
  closed.listen('ordered.>', (payload) => void heard.push(payload));
  await closed.close();
  expect(closed.connected).toBe(false);
  expect(await closed.publish([{ subject: 'ordered.1', id: '1', payload: '1' }])).toMatchObject([
    { error: { code: 'NOT_CONNECTED' } },
  ]);
  const other = await connect();
  expect(await other.publish([{ subject: 'ordered.1', id: '2', payload: '2' }])).toMatchObject([{ sequence: 1 }]);
  const again: string[] = [];
  other.listen('ordered.>', (payload) => void again.push(payload));
  other.announce('ordered.1', 'x');
  await eventually('the other hears', () => again.includes('x'));
  expect(heard).toEqual([]);
  await other.close();
});
