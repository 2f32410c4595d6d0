// Longer than other files: both contracts and what only JetStream can suffer, over one server that takes long to start.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, freePort, type NatsServer, startNats } from '@kith/local-servers';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect as connectToServer } from 'nats';
import * as vitest from 'vitest';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { EventBroker, Stoppable } from '../broker/broker.ts';
import { consume } from '../consumer/consume.ts';
import { readDeadLetters } from '../consumer/dead-letters/dead-letter-box.ts';
import { redriveDeadLetters } from '../consumer/dead-letters/settle-dead-letters.ts';
import { describeBrokerContract } from '../contract-tests/broker-contract.ts';
import { collectLog } from '../contract-tests/collect-log.ts';
import { describeConsumerContract } from '../contract-tests/consumer-contract.ts';
import { counted, SHOP_STREAM, shopMessage } from '../contract-tests/shop-events.ts';
import type { EnvelopeOf } from '../envelope/envelope.ts';
import { natsOptions } from './connection/read-nats-url.ts';
import { connectJetStream } from './jetstream-broker.ts';

let nats: NatsServer;
beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats.stop());

const connect = (): Promise<EventBroker> => connectJetStream({ servers: nats.url, name: 'test', log: collectLog() });
describeBrokerContract('JetStream', { connect }, vitest);
describeConsumerContract('JetStream', { connect }, vitest);

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
    await eventually('all that follow are parked', async () => (await letters()).length === 20);
    await eventually('the other owner flows', () => seen.length === 20);
    expect(seen).toEqual(revisions.map((n) => `b${n}`));
    poisoned = false;
    for await (const _ of redriveDeadLetters(first, { consumer: `hold-${word}`, reason: 'Error' }));
    await eventually('they are taken up', () => seen.length === 40);
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
    await eventually('it is dead', async () => (await letters()).length === 1 && seen.length === 1);
    const active = Number(seen[0]?.[0]);
    await instances[active]?.stop();
    await first.publish([shopMessage(`${word}a`, 2), shopMessage(`${word}b`, 2)]);
    await eventually('the other one has both', async () => (await letters()).length === 2 && seen.length === 2);
    expect(seen[1]).toBe(`${1 - active}b2`);
    expect(await letters()).toEqual(['1 Error', '2 HELD_BEHIND']);
  });
});

test('a durable that was made with other settings is brought up to date by whoever subscribes next', async () => {
  const durable = `changes-${randomBytes(4).toString('hex')}`;
  const connection = await connectToServer(natsOptions(nats.url));
  const broker = await connect();
  onTestFinished(async () => {
    await connection.close();
    await broker.close();
  });
  const jsm = await jetstreamManager(connection);
  await broker.declareStream(SHOP_STREAM);
  const settings = async () => {
    const { config } = await jsm.consumers.info(SHOP_STREAM.name, durable);
    return [config.max_ack_pending, config.max_deliver];
  };
  const word = randomBytes(4).toString('hex');
  await broker.publish([shopMessage(`${word}-a`, 1)]);
  for (const maxUnacked of [3, 7]) {
    const seen: string[] = [];
    const subscription = broker.subscribe({
      stream: SHOP_STREAM,
      durable,
      maxUnacked,
      onDelivery: (delivery) => {
        seen.push(delivery.subject);
        delivery.ack();
      },
    });
    const owner = `${word}-${maxUnacked}`;
    await eventually('it has its settings', async () => (await settings()).join() === `${maxUnacked},-1`);
    await broker.publish([shopMessage(owner, 1)]);
    await eventually('it is delivered', () => seen.some((subject) => subject.endsWith(owner)));
    // Where it was, and not from the beginning.
    expect(seen.filter((subject) => subject.endsWith(`${word}-a`))).toHaveLength(maxUnacked === 3 ? 1 : 0);
    await subscription.stop();
  }
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
      { everyMs: 100 },
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
    await eventually('the next one came', () => seen.includes(3));
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
    await eventually('the consumer goes on', () => seen.includes(4));
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
    await eventually('it comes', () => seen.includes(1));
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

describe('as NATS_URL says', () => {
  test('user and password are sent, whatever characters they have', async () => {
    const odd = 'p@s/s:w%rd#?,[ü] ';
    const server = await startNats({ passwords: { kith: odd } });
    const broker = await connectJetStream({ servers: server.url, name: 'test', log: collectLog() });
    onTestFinished(async () => {
      await broker.close();
      await server.stop();
    });
    await broker.declareStream({ name: 'USER', subjects: ['user.>'] });
    expect(await broker.publish([{ subject: 'user.a.1', id: 'a', payload: '{}' }])).toMatchObject([{ sequence: 1 }]);
  });

  test('a token is sent as one', async () => {
    const said: Record<string, unknown>[] = [];
    const server = createServer((socket) => {
      socket.write('INFO {"server_id":"x","version":"2.9.10","max_payload":1048576,"headers":true}\r\n');
      socket.on('data', (bytes) => {
        const text = bytes.toString();
        if (text.startsWith('CONNECT ')) said.push(JSON.parse(text.slice(8, text.indexOf('\r\n'))));
        if (text.includes('PING')) socket.write('PONG\r\n');
      });
      socket.on('error', () => undefined);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const servers = `nats://a%2Ftoken@127.0.0.1:${port}`;
    const broker = await connectJetStream({ servers, name: 'test', log: collectLog() });
    onTestFinished(async () => {
      await broker.close();
      server.close();
    });
    expect(said).toMatchObject([{ auth_token: 'a/token' }]);
  });

  test('a refusal at first is one sentence that names the variable, and no password', async () => {
    const servers = nats.url.replace(/:[0-9a-f]+@/, ':not-the-secret@');
    await expect(connectJetStream({ servers, name: 'test', log: collectLog() })).rejects.toMatchObject({
      code: 'NATS_REFUSES_CREDENTIALS',
      message: `NATS_URL: NATS at 127.0.0.1:${nats.port} (as kith) refuses these credentials: correct user and password in it.`,
    });
  });

  test('a server that comes back with other passwords is asked until it has the right ones again', async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), 'kith-jetstream-'));
    let server = await startNats({ dataFolder });
    const { port } = server;
    const log = collectLog();
    const broker = await connectJetStream({ servers: server.url, name: 'test', log });
    onTestFinished(async () => {
      await broker.close();
      await server.stop();
      await rm(dataFolder, { recursive: true, force: true });
    });
    await server.kill();
    server = await startNats({ dataFolder, port, passwords: { kith: 'other' } });
    const refusals = () => log.lines.filter((line) => line.includes('refuses these credentials'));
    await eventually('it is told', () => refusals().length > 0);
    await server.kill();
    server = await startNats({ dataFolder, port });
    await eventually('it is connected again', () => broker.connected);
    expect(refusals()).toEqual([expect.stringMatching(/^error: NATS_URL: NATS at [\d.:]+ \(as kith\) refuses/)]);
  });

  test('a list of servers is several of them', async () => {
    const nobody = `nats://127.0.0.1:${await freePort()}`;
    const servers = `${nobody},${nats.url}`;
    const broker = await connectJetStream({ servers, name: 'test', log: collectLog() });
    expect(broker.connected).toBe(true);
    await broker.close();
  });
});
