import { randomUUID } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { liveSessionEnded } from '@kith/event-contracts';
import { eventually } from '@kith/local-servers';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { namesOf } from '../../testing/start-tickers.ts';
import { withTickers } from '../../testing/with-tickers.ts';

const KIND = 'graphql-sse';
const { around, gateway, tickers } = await withTickers([KIND], { viewerToken: true });
const [[, ticker]] = tickers as [(typeof tickers)[number]];
const { ticked } = namesOf(KIND);
const TICKED = `subscription ($room: ID!) { ticked: ${ticked}(room: $room) { number } }`;
const WATCH = 'subscription ($after: String) { friendListChanged(after: $after) { __typename revision } }';
const MULTIPART = 'multipart/mixed;subscriptionSpec="1.0", application/json';

const leaves: (() => unknown)[] = [];
let owner: string;
beforeEach(() => {
  owner = randomUUID();
});
afterEach(async () => {
  for (const leave of leaves.splice(0)) await leave();
});

interface Asked {
  readonly query?: string;
  readonly variables?: object;
  readonly accept?: string;
  readonly headers?: Record<string, string>;
  readonly viewer?: string;
}

/** One answer that stays open, as text. */
async function open({ query = WATCH, variables = {}, accept = MULTIPART, headers = {}, viewer = owner }: Asked = {}) {
  const authorization = `Bearer ${await around.tokenOf(viewer, { sessionId: 'phone' })}`;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = { 'content-type': 'application/json', accept, authorization, ...headers };
    httpRequest(gateway.graphql, { method: 'POST', headers: sent, agent: false }, resolve)
      .on('error', reject)
      .end(JSON.stringify({ query, variables }));
  });
  leaves.push(() => response.destroy());
  let text = '';
  let ended = false;
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  response
    .on('error', () => undefined)
    .on('close', () => {
      ended = true;
    });
  return {
    response,
    get text() {
      return text;
    },
    get ended() {
      return ended;
    },
    /** The bodies of the parts that are there whole. */
    get parts() {
      const pieces = text.split('\r\n--graphql').slice(1, -1);
      return pieces.map((piece) => JSON.parse(piece.slice(piece.indexOf('\r\n\r\n'))));
    },
    /** Of each event that has one. */
    get ids() {
      return [...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id);
    },
    get revisions() {
      return [...text.matchAll(/^data: (\{.*)$/gm)].map(
        ([, data]) => JSON.parse(data as string).data.friendListChanged,
      );
    },
  };
}

const changes = (parts: readonly { payload?: { data: { friendListChanged: { revision: number } } } }[]) =>
  parts.flatMap(({ payload }) => (payload ? [payload.data.friendListChanged.revision] : []));

describe('multipart, as clients of Apollo ask for it,', () => {
  test('brings a live list, a part for each change', async () => {
    around.commit(owner, 'one');
    const stream = await open();
    expect(stream.response.headers['content-type']).toBe('multipart/mixed;boundary="graphql";subscriptionSpec="1.0"');
    await eventually('the snapshot', () => changes(stream.parts).length === 2);
    around.commit(owner, 'two');
    await eventually('the change', () => changes(stream.parts).length === 3);
    expect(changes(stream.parts)).toEqual([1, 1, 2]);
    expect(stream.text.startsWith('\r\n--graphql\r\ncontent-type: application/json\r\n\r\n{"payload":{"data":')).toBe(
      true,
    );
  });

  test('brings a subscription that is no list, and the closing boundary when it completes', async () => {
    const stream = await open({ query: TICKED, variables: { room: owner } });
    await eventually('the service to be asked', () => ticker.rooms.listeners(owner) === 1);
    const number = ticker.rooms.tick(owner);
    ticker.rooms.complete(owner);
    await eventually('the end', () => stream.ended);
    expect(stream.parts.filter((part) => 'payload' in part)).toEqual([{ payload: { data: { ticked: { number } } } }]);
    expect(stream.text.endsWith('\r\n--graphql--\r\n')).toBe(true);
  });

  test('says why it ends, beside a payload that is null', async () => {
    const stream = await open();
    await eventually('the snapshot', () => changes(stream.parts).length === 2);
    around.broker.announce(liveSessionEnded(owner), JSON.stringify({ sessionIds: ['phone'] }));
    await eventually('the end', () => stream.ended);
    expect(stream.parts.at(-1)).toMatchObject({
      ...{ payload: null, errors: [{ extensions: { code: 'SESSION_ENDED' } }] },
    });
    expect(stream.text.endsWith('\r\n--graphql--\r\n')).toBe(true);
  });

  test.each([
    ['what is not valid', 'subscription { nothing }', 'BAD_USER_INPUT'],
    ['an owner who is nobody', WATCH, 'UNAUTHENTICATED'],
  ])('is JSON for what is not run: %s', async (_what, query, code) => {
    const headers = code === 'UNAUTHENTICATED' ? { authorization: '' } : {};
    const stream = await open({ query, headers });
    await eventually('the end', () => stream.ended);
    expect(stream.response.headers['content-type']).toContain('application/json');
    expect(JSON.parse(stream.text)).toMatchObject({ errors: [{ extensions: { code } }] });
  });

  test('is JSON for a query, unless nothing else is taken', async () => {
    const json = await open({ query: '{ __typename }' });
    await eventually('the end', () => json.ended);
    expect(JSON.parse(json.text)).toEqual({ data: { __typename: 'Query' } });
    const alone = await open({ query: '{ __typename }', accept: 'multipart/mixed; subscriptionSpec=1.0' });
    await eventually('the other', () => alone.ended);
    expect(alone.parts).toEqual([{ payload: { data: { __typename: 'Query' } } }]);
  });

  test.each([
    ['multipart/mixed;subscriptionSpec=1.0;q=0.5, text/event-stream', 'text/event-stream'],
    ['multipart/mixed; subscriptionSpec=1.0, text/event-stream', 'multipart/mixed'],
    ['multipart/mixed;subscriptionSpec=1.0;q=0, text/event-stream', 'text/event-stream'],
    ['*/*', 'text/event-stream'],
  ])('is chosen by Accept: %s', async (accept, type) => {
    const stream = await open({ accept });
    expect(stream.response.headers['content-type']).toContain(type);
  });

  test.each(['multipart/mixed;subscriptionSpec=2.0', 'multipart/mixed', 'application/json'])(
    'is not given to who asks for another form: %s',
    async (accept) => {
      const stream = await open({ accept });
      expect(stream.response.statusCode).toBe(406);
    },
  );

  test('is left at the service when its client leaves', async () => {
    const stream = await open({ query: TICKED, variables: { room: owner } });
    await eventually('the service to be asked', () => ticker.rooms.listeners(owner) === 1);
    stream.response.destroy();
    await eventually('nobody to listen', () => ticker.rooms.listeners(owner) === 0);
  });
});

describe('server-sent events', () => {
  const accept = 'text/event-stream';

  test('have the cursor of their change as id, and go on from the last that a client had', async () => {
    for (const remark of ['one', 'two']) around.commit(owner, remark);
    const first = await open({ accept, variables: { after: `${owner}:0` } });
    await eventually('both', () => first.ids.length === 2);
    expect(first.ids).toEqual([`${owner}:1`, `${owner}:2`]);
    first.response.destroy();
    around.commit(owner, 'three');
    // What it sent at first, and what it had last.
    const headers = { 'last-event-id': `${owner}:2` };
    const second = await open({ accept, headers, variables: { after: `${owner}:0` } });
    await eventually('the next', () => second.ids.length === 1);
    around.commit(owner, 'four');
    await eventually('the one after', () => second.ids.length === 2);
    expect(second.revisions).toMatchObject([{ revision: 3 }, { revision: 4 }]);
  });

  test.each(['nonsense', 'base64url:bm9uc2Vuc2U', 'somebody-else:1'])(
    'begin with a snapshot and a reason after an id that is none of the list’s: %s',
    async (id) => {
      around.commit(owner, 'one');
      const query = WATCH.replace('revision', 'revision ... on FriendListSnapshot { reason }');
      const stream = await open({ accept, query, headers: { 'last-event-id': id } });
      await eventually('the snapshot', () => stream.revisions.length > 0);
      expect(stream.revisions[0]).toMatchObject({ __typename: 'FriendListSnapshot', reason: 'CURSOR_INVALID' });
    },
  );

  test('begin as without one after an empty id', async () => {
    const stream = await open({ accept, headers: { 'last-event-id': '' } });
    await eventually('the snapshot', () => stream.revisions.length > 0);
    expect(stream.revisions[0]).toMatchObject({ __typename: 'FriendListSnapshot' });
  });

  test('have an id too when what is selected is joined', async () => {
    around.commit(owner, 'one');
    const query = `subscription { friendListChanged(after: "${owner}:0") {
      revision ... on FriendChanged { friend { user { username } } }
    } }`;
    const stream = await open({ accept, query });
    await eventually('the change', () => stream.ids.length === 1);
    expect(stream.ids).toEqual([`${owner}:1`]);
  });

  test('of a subscription that is no list have no id, and end with the session', async () => {
    const stream = await open({ accept, query: TICKED, variables: { room: owner }, headers: { 'last-event-id': 'x' } });
    await eventually('the service to be asked', () => ticker.rooms.listeners(owner) === 1);
    ticker.rooms.tick(owner);
    await eventually('the event', () => stream.text.includes('number'));
    around.broker.announce(liveSessionEnded(owner), JSON.stringify({ sessionIds: ['phone'] }));
    await eventually('the end', () => stream.ended);
    expect(stream.ids).toEqual([]);
    expect(stream.text).toContain('SESSION_ENDED');
    expect(stream.text.endsWith('event: complete\ndata:\n\n')).toBe(true);
  });
});

afterAll(() => {
  expect(gateway.logged).toEqual([]);
});
