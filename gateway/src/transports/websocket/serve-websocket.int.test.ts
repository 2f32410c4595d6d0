import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { liveSessionEnded } from '@kith/event-contracts';
import { askWhetherReady, eventually, missesNothing, startNats } from '@kith/local-servers';
import { usersOfNats } from '@kith/services';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { connectLiveClient } from '../../testing/live-client.ts';
import { withTestGateway } from '../../testing/with-test-gateway.ts';

const { around, gateway, startAnother } = await withTestGateway();
let owner: string;

beforeEach(() => {
  owner = randomUUID();
});

/** A socket that says exactly what it is told to. */
async function rawSocket(protocol = 'graphql-transport-ws', url = gateway.graphql) {
  const socket = new WebSocket(url.replace('http', 'ws'), protocol);
  const heard: { type: string; id?: string; payload?: unknown }[] = [];
  const closed = once(socket, 'close').then(([code, reason]) => ({ code, reason: String(reason) }));
  socket.on('message', (data) => heard.push(JSON.parse(String(data))));
  await once(socket, 'open');
  const say = (message: unknown) => socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  return { socket, heard, closed, say };
}

const subscribe = { id: '1', type: 'subscribe', payload: { query: '{ me { id } }' } };
const watchOnRaw = {
  id: '1',
  type: 'subscribe',
  payload: { query: 'subscription { friendListChanged { revision } }' },
};

describe('graphql-transport-ws', () => {
  test('queries and mutations are answered too', async () => {
    const { client, stop } = connectLiveClient(gateway.graphql, {
      authorization: `Bearer ${await around.tokenOf(owner)}`,
    });
    const query = await client.iterate({ query: '{ me { id friendCount } }' }).next();
    expect(query.value).toEqual({ data: { me: { id: owner, friendCount: 7 } } });
    const mutation = await client.iterate({ query: 'mutation { updateFriend(userId: "eve") { remark } }' }).next();
    expect(mutation.value?.errors).toMatchObject([{ path: ['updateFriend'], extensions: { code: 'NOT_FRIENDS' } }]);
    await stop();
  });

  test('what is not a valid operation is an error of that operation alone', async () => {
    const { heard, say, socket } = await rawSocket();
    say({ type: 'connection_init' });
    say({ type: 'ping' });
    await eventually('the acknowledgement', () => heard.length === 2);
    say({ id: 'bad', type: 'subscribe', payload: { query: '{ me { nothing } }' } });
    say({ id: 'worse', type: 'subscribe', payload: { query: '{ me {' } });
    say({ ...subscribe, id: 'good' });
    await eventually('three answers', () => heard.filter(({ id }) => id).length >= 4);
    const of = (wanted: string) => heard.filter(({ id }) => id === wanted);
    expect(of('bad')).toMatchObject([{ type: 'error', payload: [{ extensions: { code: 'BAD_USER_INPUT' } }] }]);
    expect(JSON.stringify(of('bad'))).not.toContain('http');
    expect(of('worse')).toMatchObject([{ type: 'error', payload: [{ extensions: { code: 'BAD_USER_INPUT' } }] }]);
    expect(of('good')).toMatchObject([{ type: 'next', payload: { data: { me: null } } }, { type: 'complete' }]);
    socket.close();
  });

  test.each<[what: string, code: number, say: unknown[]]>([
    ['a subscribe before the acknowledgement', 4401, [subscribe]],
    ['a second connection_init', 4429, [{ type: 'connection_init' }, { type: 'connection_init' }]],
    ['no JSON', 4400, ['hello']],
    ['an unknown message', 4400, [{ type: 'hello' }]],
    ['nothing at all', 4408, []],
    ['a token that is not a text', 4403, [{ type: 'connection_init', payload: { authorization: 7 } }]],
    ['a token that is not good', 4403, [{ type: 'connection_init', payload: { authorization: 'Bearer x' } }]],
    ['a frame of more than 256 KB', 1009, ['x'.repeat(257 * 1024)]],
  ])('%s closes the socket with %i', async (_what, code, messages) => {
    const { closed, say } = await rawSocket();
    for (const message of messages) say(message);
    expect(await closed).toMatchObject({ code });
  });

  test('a second subscription with an id that is taken closes the socket with 4409', async () => {
    const { heard, closed, say } = await rawSocket();
    say({ type: 'connection_init', payload: { authorization: `Bearer ${await around.tokenOf(owner)}` } });
    await eventually('the acknowledgement', () => heard[0]?.type === 'connection_ack');
    say(watchOnRaw);
    say(watchOnRaw);
    expect(await closed).toMatchObject({ code: 4409 });
  });

  test('another subprotocol closes the socket with 4406', async () => {
    const socket = new WebSocket(gateway.graphql.replace('http', 'ws'));
    const [code] = await once(socket, 'close');
    expect(code).toBe(4406);
  });

  test('an upgrade elsewhere is not found', async () => {
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/elsewhere`, 'graphql-transport-ws');
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('404');
  });
});

describe('a socket ends with its session', () => {
  const connect = async (options: { expiresInS?: number; sessionId?: string } = {}) => {
    const client = connectLiveClient(gateway.graphql, {
      authorization: `Bearer ${await around.tokenOf(owner, options)}`,
    });
    const watching = client.watch();
    await eventually('the snapshot', () => watching.changes.at(-1)?.complete);
    return { ...client, watching };
  };

  test('when the token expires: 4403', async () => {
    const client = await connect({ expiresInS: 900 });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 901_000 });
    onTestFinished(() => void vi.useRealTimers());
    await eventually('the close', () => client.closes.length > 0);
    expect(client.closes[0]).toMatchObject({
      code: 4403,
      reason: 'The access token has expired: refresh the session.',
    });
    expect(client.watching.errors).toEqual([]);
  });

  test('within a second when the session is ended, and only that session', async () => {
    const phone = await connect({ sessionId: 'phone' });
    const laptop = await connect({ sessionId: 'laptop' });
    around.broker.announce(liveSessionEnded(owner), JSON.stringify({ sessionIds: ['phone'] }));
    await eventually('the close', () => phone.closes.length > 0);
    expect(phone.closes[0]).toMatchObject({ code: 4403, reason: 'This session has ended: sign in again.' });
    around.commit(owner, 'one');
    await eventually('the change', () => laptop.watching.changes.length === 3);
    expect(laptop.closes).toEqual([]);
    await laptop.stop();
  });

  test('within a second when all sessions of the user end', async () => {
    const clients = [await connect({ sessionId: 'phone' }), await connect({ sessionId: 'laptop' })];
    around.broker.announce(liveSessionEnded(owner), JSON.stringify({ all: true }));
    await eventually('both closes', () => clients.every(({ closes }) => closes.length > 0));
  });

  test('within a second while NATS is away, though nobody could announce it', async () => {
    const [phone, laptop] = [await connect({ sessionId: randomUUID() }), await connect({ sessionId: 'laptop' })];
    const leaving = randomUUID();
    const other = await connect({ sessionId: leaving });
    const { port } = around.nats;
    await around.nats.kill();
    try {
      await eventually('the gateway to know', async () =>
        (await askWhetherReady(gateway.url)).missing.includes('nats'),
      );
      around.endedTokens.push({ ids: [leaving], until: Date.now() + 900_000 });
      await eventually('the close', () => other.closes.length > 0);
      expect(other.closes[0]).toMatchObject({ code: 4403, reason: 'This session has ended: sign in again.' });
      expect([...phone.closes, ...laptop.closes]).toEqual([]);
    } finally {
      around.nats = await startNats({ port, users: usersOfNats });
      await eventually('NATS to be back', async () => around.broker.connected && (await missesNothing(gateway.url)));
    }
    await Promise.all([phone.stop(), laptop.stop()]);
  });

  test('an announcement of it that cannot be read ends nothing', async () => {
    const client = await connect({ sessionId: 'phone' });
    for (const payload of ['not json', '{}', '{"all":false}', '{"sessionIds":"phone"}']) {
      around.broker.announce(liveSessionEnded(owner), payload);
    }
    around.commit(owner, 'one');
    await eventually('the change', () => client.watching.changes.length === 3);
    expect(client.closes).toEqual([]);
    await client.stop();
  });
});

describe('GraphiQL', () => {
  test('the headers typed beside an operation count where GraphiQL is on, and nowhere else', async () => {
    const headers = { Authorization: `Bearer ${await around.tokenOf(owner)}` };
    const withGraphiql = await startAnother({ graphiql: 'on' });
    const client = connectLiveClient(withGraphiql.graphql);
    const watching = client.watch({ headers });
    await eventually('the snapshot', () => watching.changes.at(-1)?.complete);
    around.commit(owner, 'one');
    await eventually('the change', () => watching.changes.length === 3);
    await client.stop();
    await withGraphiql.stop();

    const without = connectLiveClient(gateway.graphql);
    const refused = without.watch({ headers });
    await eventually('the refusal', () => refused.ended);
    expect(refused.errors[0]?.extensions?.code).toBe('UNAUTHENTICATED');
    await without.stop();
  });

  test('a bad token typed there is an error of the operation, not the end of the socket', async () => {
    const withGraphiql = await startAnother({ graphiql: 'on' });
    const client = connectLiveClient(withGraphiql.graphql);
    const watching = client.watch({ headers: { authorization: 'Bearer nonsense' } });
    await eventually('the refusal', () => watching.ended);
    expect(watching.errors[0]?.extensions?.code).toBe('UNAUTHENTICATED');
    await client.stop();
    await withGraphiql.stop();
  });
});

describe('a gateway that stops', () => {
  test('closes its sockets with 1012 over the drain time, refuses new ones, and its clients resume elsewhere', async () => {
    const leaving = await startAnother({ drainMs: 600 });
    const authorization = `Bearer ${await around.tokenOf(owner)}`;
    const closedAtMs: number[] = [];
    const clients = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const client = connectLiveClient(leaving.graphql, { authorization });
        const watching = client.watch();
        client.client.on('closed', () => closedAtMs.push(Date.now()));
        await eventually('the snapshot', () => watching.changes.at(-1)?.complete);
        return { client, watching };
      }),
    );
    around.commit(owner, 'one');
    await eventually('the change everywhere', () => clients.every(({ watching }) => watching.revisions.at(-1) === 1));

    const stopped = leaving.stop();
    const late = new WebSocket(leaving.graphql.replace('http', 'ws'), 'graphql-transport-ws');
    await once(late, 'error');
    expect(await askWhetherReady(leaving.url)).toEqual({ ready: false, missing: ['stopping'] });
    await stopped;
    expect(clients.map(({ client }) => client.closes[0]?.code)).toEqual(Array(10).fill(1012));
    expect(new Set(closedAtMs).size).toBeGreaterThan(1);

    around.commit(owner, 'two');
    const { cursor } = clients[0]!.watching.changes.at(-1)!;
    const elsewhere = connectLiveClient(gateway.graphql, { authorization });
    const resumed = elsewhere.watch({ after: cursor });
    await eventually('what was missed', () => resumed.revisions.length === 1);
    expect(resumed.revisions).toEqual([2]);
    await elsewhere.stop();
  });
});
