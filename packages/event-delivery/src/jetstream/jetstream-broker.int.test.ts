import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChildServer, eventually, startNats } from '@kith/local';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EventBroker } from '../broker.ts';
import { describeBrokerContract } from '../testing/broker-contract.ts';
import { collectLog } from '../testing/collect-log.ts';
import { describeConsumerContract } from '../testing/consumer-contract.ts';
import { SHOP_STREAM, shopMessage } from '../testing/shop-events.ts';
import { connectJetStream } from './jetstream-broker.ts';

let nats: ChildServer;
beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats.stop());

const connect = (): Promise<EventBroker> => connectJetStream({ servers: nats.url, name: 'test', log: collectLog() });
describeBrokerContract('JetStream', { connect });
describeConsumerContract('JetStream', { connect });

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
    await own.kill();
    // Answered before there is a server again, so not by one.
    expect(await publishing).toMatchObject([{ error: { code: 'NO_ACK' } }]);
    await own.start();
    await eventually('it comes', () => seen.includes(1), { withinMs: 20_000 });
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
