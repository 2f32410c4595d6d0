// Longer than other files: all that each process may not do, and what it may, on one server.
import {
  FRIEND_LIST_VIEW_CONSUMER,
  FRIEND_STREAM,
  PROFILE_COPY_CONSUMER,
  USER_STREAM,
  WEBHOOK_FRIEND_CONSUMER,
  WEBHOOK_USER_CONSUMER,
} from '@kith/event-contracts';
import type { EventBroker } from '@kith/event-delivery';
import {
  connectBroker,
  DEAD_STREAM,
  type Log,
  lease,
  membersOf,
  natsOptions,
  partitionDurable,
} from '@kith/event-delivery';
import { eventually, type NatsServer, startNats } from '@kith/local-servers';
import { usersOfNats } from '@kith/services';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection, PermissionViolationError } from 'nats';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

type User = 'user' | 'friend' | 'webhook' | 'gateway' | 'kith';
const WHO = '019a0000-0000-7000-8000-000000000001';

let nats: NatsServer;
let operator: NatsConnection;
let user: EventBroker;
let friend: EventBroker;
/** A log that a test can read; `lines` holds level and message. */
function collectLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const at = (level: string) => (_fields: object, message: string) => void lines.push(`${level}: ${message}`);
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
const brokerOf = (who: User, log: Log = collectLog(), natsUrl = nats.urlOf(who)) =>
  connectBroker({ eventBus: 'jetstream', natsUrl, name: who, log });

beforeAll(async () => {
  nats = await startNats({ users: usersOfNats });
  operator = await connect(natsOptions(nats.url));
  [user, friend] = await Promise.all([brokerOf('user'), brokerOf('friend')]);
  await user.declareStream(USER_STREAM);
  await friend.declareStream(FRIEND_STREAM);
  await friend.declareStream(DEAD_STREAM);
  for (const [broker, subject] of [
    [user, `user.signed-up.${WHO}`],
    [friend, `friend.friend-added.${WHO}`],
    [friend, `dead.${PROFILE_COPY_CONSUMER}.${WHO}`],
  ] as const) {
    const [stored] = await broker.publish([{ subject, id: `one-${subject}`, payload: '{}' }]);
    expect(stored).toMatchObject({ sequence: 1 });
  }
});
afterAll(async () => {
  await Promise.all([user?.close(), friend?.close(), operator?.close()]);
  await nats.stop();
});

/** The permissions that the server has refused on this connection. */
function refusalsOf(connection: NatsConnection): string[] {
  const refused: string[] = [];
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type !== 'error') continue;
      const { error } = status;
      if (error instanceof PermissionViolationError) refused.push(`${error.operation} ${error.subject}`);
    }
  })();
  return refused;
}

describe('a stranger is not let in', () => {
  const address = () => `127.0.0.1:${nats.port}`;
  test.each([
    ['without credentials', () => `nats://${address()}`],
    ['with a wrong password', () => `nats://gateway:wrong@${address()}`],
    ['as a user that does not exist', () => `nats://admin:admin@${address()}`],
    ['with a token', () => `nats://token@${address()}`],
    ['with the password of another', () => nats.urlOf('gateway').replace('gateway', 'kith')],
  ])('%s', async (_how, url) => {
    const connecting = connect({ ...natsOptions(url()), reconnect: false });
    await expect(connecting).rejects.toThrow(/Authorization Violation/);
  });
});

const STREAMS_OF_ALL = ['USER', 'FRIEND', 'DEAD'];
const onEachStream = (...verbs: string[]) =>
  STREAMS_OF_ALL.flatMap((stream) => verbs.map((verb) => `$JS.API.STREAM.${verb}.${stream}`));
const allOfDurable = (stream: string, durable: string) => [
  `$JS.API.CONSUMER.CREATE.${stream}.${durable}`,
  `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.${durable}`,
  `$JS.API.CONSUMER.DELETE.${stream}.${durable}`,
  `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`,
  `$JS.ACK.${stream}.${durable}.1.1.1.1.0`,
];
const FORGED: Record<'user' | 'friend' | 'webhook' | 'gateway', string[]> = {
  gateway: [
    `live.friend-list.${WHO}`,
    `live.session-ended.${WHO}`,
    'live.tokens-ended',
    `user.deleted.${WHO}`,
    `friend.friend-removed.${WHO}`,
    `dead.friend-list-view.${WHO}`,
    `settled.friend-list-view.${WHO}`,
    'changed.dead.friend-list-view',
    '_INBOX.user.forged',
    '$JS.API.INFO',
    '$JS.API.STREAM.CREATE.MINE',
    '$JS.API.CONSUMER.CREATE.USER.spy',
    '$JS.API.CONSUMER.MSG.NEXT.FRIEND.friend-list-view',
    '$JS.ACK.FRIEND.friend-list-view.1.1.1.1.0',
    ...onEachStream('DELETE', 'PURGE', 'UPDATE', 'MSG.DELETE', 'MSG.GET'),
  ],
  user: [
    `live.friend-list.${WHO}`,
    `friend.friend-removed.${WHO}`,
    `dead.friend-profile-copy.${WHO}`,
    'changed.dead.friend-profile-copy',
    '_INBOX.friend.forged',
    '$JS.API.STREAM.CREATE.MINE',
    '$JS.API.STREAM.UPDATE.FRIEND',
    '$JS.API.STREAM.UPDATE.DEAD',
    '$JS.API.STREAM.MSG.GET.FRIEND',
    '$JS.API.CONSUMER.CREATE.FRIEND.spy',
    `$JS.API.CONSUMER.CREATE.USER.${PROFILE_COPY_CONSUMER}`,
    `$JS.API.CONSUMER.DURABLE.CREATE.USER.${PROFILE_COPY_CONSUMER}`,
    `$JS.API.CONSUMER.DELETE.USER.${PROFILE_COPY_CONSUMER}`,
    `$JS.API.CONSUMER.MSG.NEXT.USER.${PROFILE_COPY_CONSUMER}`,
    `$JS.ACK.USER.${PROFILE_COPY_CONSUMER}.1.1.1.1.0`,
    ...allOfDurable('USER', partitionDurable(PROFILE_COPY_CONSUMER, 0, 4)),
    ...onEachStream('DELETE', 'PURGE', 'MSG.DELETE'),
  ],
  friend: [
    `user.deleted.${WHO}`,
    `live.session-ended.${WHO}`,
    'live.tokens-ended',
    '_INBOX.user.forged',
    '$JS.API.STREAM.CREATE.USER',
    '$JS.API.STREAM.UPDATE.USER',
    '$JS.API.STREAM.MSG.DELETE.USER',
    '$JS.API.STREAM.MSG.GET.USER',
    ...allOfDurable('USER', WEBHOOK_USER_CONSUMER),
    ...allOfDurable('USER', partitionDurable(WEBHOOK_USER_CONSUMER, 3, 4)),
    ...allOfDurable('FRIEND', WEBHOOK_FRIEND_CONSUMER),
    ...allOfDurable('FRIEND', partitionDurable(WEBHOOK_FRIEND_CONSUMER, 15, 16)),
    lease('FRIEND', partitionDurable(WEBHOOK_FRIEND_CONSUMER, 0, 2)),
    membersOf('FRIEND', WEBHOOK_FRIEND_CONSUMER),
    ...onEachStream('DELETE', 'PURGE'),
  ],
  webhook: [
    `user.deleted.${WHO}`,
    `friend.friend-removed.${WHO}`,
    `dead.${PROFILE_COPY_CONSUMER}.${WHO}`,
    '_INBOX.user.forged',
    '$JS.API.STREAM.CREATE.USER',
    '$JS.API.STREAM.MSG.GET.FRIEND',
    ...allOfDurable('USER', PROFILE_COPY_CONSUMER),
    ...allOfDurable('USER', partitionDurable(PROFILE_COPY_CONSUMER, 1, 2)),
    ...allOfDurable('FRIEND', FRIEND_LIST_VIEW_CONSUMER),
    ...allOfDurable('FRIEND', partitionDurable(FRIEND_LIST_VIEW_CONSUMER, 7, 8)),
    lease('FRIEND', partitionDurable(FRIEND_LIST_VIEW_CONSUMER, 0, 4)),
    membersOf('FRIEND', FRIEND_LIST_VIEW_CONSUMER),
    ...onEachStream('DELETE', 'PURGE'),
  ],
};

describe.each(Object.entries(FORGED) as [keyof typeof FORGED, string[]][])('as the %s process', (who, subjects) => {
  test.each(subjects)('nothing can be published to %s, and nobody hears it', async (subject) => {
    const heard: string[] = [];
    const listening = operator.subscribe(subject, { callback: (_error, message) => void heard.push(message.subject) });
    await operator.flush();
    const forger = await connect(natsOptions(nats.urlOf(who)));
    onTestFinished(async () => {
      listening.unsubscribe();
      await forger.close();
    });
    const refused = refusalsOf(forger);
    forger.publish(subject, '{}', { reply: `_INBOX.${who}.answer` });
    await forger.flush();
    await eventually('the server says no', () => refused.includes(`publish ${subject}`));
    await operator.flush();
    expect(heard).toEqual([]);
  });

  test.each(
    {
      gateway: ['>', 'user.>', 'friend.>', 'dead.>', '$JS.API.>', '_INBOX.>', '_INBOX.user.>', '$JS.ACK.>'],
      user: ['>', 'friend.>', 'live.friend-list.*', '$JS.API.>', '_INBOX.friend.>', '_INBOX.gateway.>'],
      friend: ['>', 'user.>', 'live.session-ended.*', '$JS.API.>', '_INBOX.user.>', '_INBOX.gateway.>'],
      webhook: ['>', 'user.>', 'friend.>', 'live.>', '$JS.API.>', '_INBOX.friend.>'],
    }[who],
  )('nobody can listen to %s', async (subject) => {
    const spy = await connect(natsOptions(nats.urlOf(who)));
    onTestFinished(() => spy.close());
    const refused = refusalsOf(spy);
    spy.subscribe(subject, { callback: () => undefined });
    await spy.flush();
    await eventually('the server says no', () => refused.includes(`subscription ${subject}`));
  });
});

test('after all of that the streams and what was in them are there', async () => {
  const jsm = await jetstreamManager(operator);
  for (const name of STREAMS_OF_ALL) {
    const { config, state } = await jsm.streams.info(name);
    expect([config.name, state.messages]).toEqual([name, 1]);
  }
});

describe('what a process has to do, it may', () => {
  test('the friend service consumes the stream of the user service, and cannot change it by declaring it', async () => {
    const seen: string[] = [];
    const subscription = friend.subscribe({
      stream: { ...USER_STREAM, subjects: [...USER_STREAM.subjects, 'elsewhere.>'] },
      durable: PROFILE_COPY_CONSUMER,
      maxUnacked: 10,
      onDelivery: (delivery) => {
        seen.push(delivery.subject);
        delivery.ack();
      },
    });
    onTestFinished(() => subscription.stop());
    await eventually('the event came', () => seen.length === 1);
    const jsm = await jetstreamManager(operator);
    expect((await jsm.streams.info('USER')).config.subjects).toEqual(USER_STREAM.subjects);
    await eventually('it is acknowledged', async () => {
      return (await jsm.consumers.info('USER', PROFILE_COPY_CONSUMER)).num_ack_pending === 0;
    });
  });

  test('a consumer waits for the owner of its stream to make it', async () => {
    const early = await startNats({ users: usersOfNats });
    const [late, waiting] = await Promise.all(
      (['user', 'friend'] as const).map((who) => brokerOf(who, collectLog(), early.urlOf(who))),
    );
    const seen: string[] = [];
    const subscription = waiting!.subscribe({
      stream: USER_STREAM,
      durable: PROFILE_COPY_CONSUMER,
      maxUnacked: 10,
      onDelivery: (delivery) => {
        seen.push(delivery.subject);
        delivery.ack();
      },
    });
    onTestFinished(async () => {
      await subscription.stop();
      await Promise.all([late!.close(), waiting!.close()]);
      await early.stop();
    });
    const [missing] = await late!.publish([{ subject: `user.signed-up.${WHO}`, id: 'too-early', payload: '{}' }]);
    expect(missing).toMatchObject({ error: { code: 'NO_STREAM' } });
    await late!.declareStream(USER_STREAM);
    await late!.publish([{ subject: `user.signed-up.${WHO}`, id: 'in-time', payload: '{}' }]);
    await eventually('it comes', () => seen.length === 1);
  });

  test.each(['user', 'friend'] as const)(
    'the %s service reads its stream, dead letters and the status',
    async (who) => {
      const broker = who === 'user' ? user : friend;
      const own = who === 'user' ? USER_STREAM : FRIEND_STREAM;
      const subjects: string[] = [];
      for await (const { subject } of broker.stored(own)) subjects.push(subject);
      for await (const { subject } of broker.stored(DEAD_STREAM, { subject: 'dead.>' })) subjects.push(subject);
      expect(subjects).toHaveLength(2);
      expect((await broker.status()).streams.map(({ name }) => name).sort()).toEqual(['DEAD', 'FRIEND', 'USER']);
    },
  );

  test.each([
    ['friend', USER_STREAM],
    ['webhook', USER_STREAM],
    ['webhook', FRIEND_STREAM],
  ] as const)('the %s service reads anew a stream that it consumes', async (who, stream) => {
    const broker = await brokerOf(who);
    onTestFinished(() => broker.close());
    const read: number[] = [];
    for await (const { sequence } of broker.stored(stream)) read.push(sequence);
    expect(read).toEqual([1]);
  });

  test('what a user may not publish fails at once, by name, and is logged once', async () => {
    const log = collectLog();
    const broker = await brokerOf('friend', log);
    onTestFinished(() => broker.close());
    const forged = { subject: `user.deleted.${WHO}`, id: 'forged', payload: '{}' };
    expect(await broker.publish([forged])).toMatchObject([{ error: { code: 'FORBIDDEN' } }]);
    expect(await broker.publish([forged])).toMatchObject([{ error: { code: 'FORBIDDEN' } }]);
    expect(log.lines.filter((line) => line.includes('does not allow'))).toEqual([
      `warn: NATS at 127.0.0.1:${nats.port} (as friend) does not allow this user to publish user.deleted.*`,
    ]);
  });
});

test("each service may bring its own streams and durables to what is configured, and nobody else's", async () => {
  const streams = { keepForMs: 2 * 86_400_000 };
  const broker = await connectBroker({
    ...{ eventBus: 'jetstream' as const, natsUrl: nats.urlOf('friend'), name: 'friend', log: collectLog(), streams },
  });
  onTestFinished(() => broker.close());
  for (const stream of [FRIEND_STREAM, DEAD_STREAM]) await broker.declareStream(stream);
  await broker.declareStream(USER_STREAM);
  expect(await broker.applySettings?.()).toMatchObject([
    { stream: FRIEND_STREAM.name, setting: 'maxAgeS', configured: 172_800, outcome: 'applied' },
    { stream: USER_STREAM.name, outcome: 'refused', why: 'NATS does not allow this user to change it' },
  ]);
  expect(await broker.differentSettings?.()).toMatchObject([{ stream: USER_STREAM.name }]);
});
