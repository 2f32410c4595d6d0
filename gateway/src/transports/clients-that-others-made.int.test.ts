import { randomUUID } from 'node:crypto';
import { ApolloClient, type ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { CombinedGraphQLErrors, CombinedProtocolErrors } from '@apollo/client/errors';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { liveSessionEnded } from '@kith/event-contracts';
import { eventually } from '@kith/local-servers';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWsClient } from 'graphql-ws';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { SeenChange } from '../testing/live-client.ts';
import { namesOf } from '../testing/start-tickers.ts';
import { withTickers } from '../testing/with-tickers.ts';

const SERVICE = 'graphql-sse';
const { around, gateway, tickers } = await withTickers([SERVICE], { viewerToken: true });
const [[, ticker]] = tickers as [(typeof tickers)[number]];
const { ticked } = namesOf(SERVICE);

const WATCH = /* GraphQL */ `
  subscription Watch($after: String) {
    friendListChanged(after: $after) {
      __typename
      revision
      cursor
      ... on FriendListSnapshot { reason complete }
      ... on FriendChanged { friend { remark user { id nickname } } }
    }
  }
`;
const JOINED = WATCH.replace('nickname', 'username');
const TICKED = `subscription Ticked($room: ID!) { ticked: ${ticked}(room: $room) { number } }`;
/** Within heartbeats of each of them, also on the busiest machine. */
const PATIENT = { withinMs: 120_000 };

/** What a client was handed. */
class Seen {
  // biome-ignore lint/suspicious/noExplicitAny: what is asked for above.
  readonly data: any[] = [];
  /** Of the errors it was told of, in the order in which it was. */
  readonly codes: unknown[] = [];
  ended = false;
  leave: () => void = () => undefined;

  get changes(): SeenChange[] {
    return this.data.map(({ friendListChanged }) => friendListChanged);
  }
}

interface Asked {
  readonly query: string;
  readonly variables: Record<string, unknown>;
}

interface OtherClient {
  subscribe(asked: Asked, seen: Seen): () => void;
  stop(): unknown;
}

/** Apollo's client as its own documentation makes it, but for what it connects by. */
function apolloClient(link: ApolloLink, stopLink: () => unknown = () => undefined): OtherClient {
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  return {
    subscribe({ query, variables }, seen) {
      // A change is no state that its cache could place.
      const asked = { query: gql(query), variables, fetchPolicy: 'no-cache' } as const;
      const subscription = client.subscribe(asked).subscribe({
        next({ data, error }) {
          if (data) seen.data.push(data);
          if (CombinedProtocolErrors.is(error) || CombinedGraphQLErrors.is(error)) {
            seen.codes.push(...error.errors.map(({ extensions }) => extensions?.code));
          } else if (error) seen.codes.push(error.message);
        },
        complete() {
          seen.ended = true;
        },
      });
      return () => subscription.unsubscribe();
    },
    async stop() {
      client.stop();
      await stopLink();
    },
  };
}

/** The client of GraphQL over SSE, in its distinct connections mode. */
function sseClient(authorization: string): OtherClient {
  const client = createSseClient({ url: gateway.graphql, headers: { authorization }, retryAttempts: 0 });
  return {
    subscribe: (asked, seen) =>
      client.subscribe(
        { ...asked },
        {
          next({ data, errors = [] }) {
            if (data) seen.data.push(data);
            seen.codes.push(...errors.map(({ extensions }) => extensions?.code));
          },
          error(error) {
            seen.codes.push(String(error));
            seen.ended = true;
          },
          complete() {
            seen.ended = true;
          },
        },
      ),
    stop: () => client.dispose(),
  };
}

const socketsOf = (authorization: string) =>
  createWsClient({
    ...{ url: gateway.graphql.replace('http', 'ws'), webSocketImpl: WebSocket },
    connectionParams: { authorization },
    retryAttempts: 0,
  });

/** And how each is told that its session has ended. */
const CLIENTS: [string, (authorization: string) => OtherClient, string][] = [
  [
    'Apollo Client over multipart HTTP',
    (authorization) => apolloClient(new HttpLink({ uri: gateway.graphql, headers: { authorization } })),
    'SESSION_ENDED',
  ],
  [
    'Apollo Client over WebSocket',
    (authorization) => {
      const sockets = socketsOf(authorization);
      return apolloClient(new GraphQLWsLink(sockets), () => sockets.dispose());
    },
    'Socket closed with event 4403',
  ],
  ['graphql-sse, a connection for each', sseClient, 'SESSION_ENDED'],
];

const stops: (() => unknown)[] = [];
let owner: string;
beforeEach(() => {
  owner = randomUUID();
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

describe.each(CLIENTS)('%s', (_name, connect, ended) => {
  /** Another client each time, as another page of a browser has. */
  async function begin(query: string, variables: Record<string, unknown> = {}) {
    const client = connect(`Bearer ${await around.tokenOf(owner, { sessionId: 'phone' })}`);
    const seen = new Seen();
    seen.leave = client.subscribe({ query, variables }, seen);
    stops.push(client.stop, seen.leave);
    return seen;
  }
  const commitAll = (remarks: readonly string[]) => {
    for (const remark of remarks) around.commit(owner, remark);
  };
  const numbered = (count: number, word: string) => Array.from({ length: count }, (_, at) => `${word} ${at + 1}`);

  test('is brought a live list: the snapshot, then each change once and in order', async () => {
    around.commit(owner, 'before');
    const seen = await begin(WATCH);
    await eventually('the snapshot', () => seen.changes.at(-1)?.complete, PATIENT);
    expect(seen.changes.map(({ __typename, revision }) => [__typename, revision])).toEqual([
      ['FriendListSnapshot', 1],
      ['FriendListSnapshot', 1],
    ]);
    // In one go, longer than what is read at a time, and in letters of several bytes that are cut in their middle.
    const remarks = numbered(300, `Zoë 🦊 ${'ünï'.repeat(100)}`);
    commitAll(remarks);
    await eventually('the changes', () => seen.changes.length >= 2 + remarks.length, PATIENT);
    around.commit(owner, 'the last');
    await eventually('the last', () => seen.changes.at(-1)?.friend?.remark === 'the last', PATIENT);
    const told = seen.changes.slice(2);
    expect(told.map(({ revision }) => revision)).toEqual(Array.from({ length: 301 }, (_, at) => at + 2));
    expect(told.map(({ friend }) => friend?.remark)).toEqual([...remarks, 'the last']);
    expect(seen).toMatchObject({ codes: [], ended: false });
  });

  test('goes on after the cursor that it had: what happened meanwhile comes first', async () => {
    const first = await begin(WATCH);
    await eventually('the snapshot', () => first.changes.at(-1)?.complete, PATIENT);
    commitAll(['one', 'two']);
    await eventually('both', () => first.changes.at(-1)?.revision === 2, PATIENT);
    first.leave();
    commitAll(['three', 'four']);
    const second = await begin(WATCH, { after: first.changes.at(-1)?.cursor });
    await eventually('what was missed', () => second.changes.length === 2, PATIENT);
    commitAll(['five']);
    await eventually('what comes', () => second.changes.length === 3, PATIENT);
    expect(second.changes.map(({ friend }) => friend?.remark)).toEqual(['three', 'four', 'five']);
    expect(first.changes.at(-1)?.revision).toBe(2);
  });

  test('is told by a snapshot that a cursor is none of the list’s', async () => {
    around.commit(owner, 'one');
    const seen = await begin(WATCH, { after: 'somebody-else:1' });
    await eventually('the snapshot', () => seen.changes.at(-1)?.complete, PATIENT);
    expect(seen.changes[0]).toMatchObject({ __typename: 'FriendListSnapshot', reason: 'CURSOR_INVALID' });
  });

  test('is brought what has to be joined from another service, in order too', async () => {
    const seen = await begin(JOINED);
    await eventually('the snapshot', () => seen.changes.at(-1)?.complete, PATIENT);
    commitAll(numbered(20, 'remark'));
    await eventually('the changes', () => seen.changes.length === 22, PATIENT);
    expect(seen.changes.slice(2).map(({ friend, revision }) => [revision, friend?.user.id])).toEqual(
      Array.from({ length: 20 }, (_, at) => [at + 1, 'friend-1']),
    );
    expect(seen.changes.at(-1)?.friend?.user.username).toEqual(expect.any(String));
  });

  test('is told that its session has ended, and hears no more', async () => {
    const seen = await begin(WATCH);
    await eventually('the snapshot', () => seen.changes.at(-1)?.complete, PATIENT);
    around.broker.announce(liveSessionEnded(owner), JSON.stringify({ sessionIds: ['phone'] }));
    await eventually('the end', () => seen.ended, PATIENT);
    expect(seen.codes).toEqual([expect.stringContaining(ended)]);
    expect(seen.changes).toHaveLength(2);
  });

  test('is told why what is not valid is not run', async () => {
    const seen = await begin('subscription Nothing { nothing }');
    await eventually('the end', () => seen.ended, PATIENT);
    expect(seen.codes).toEqual(['BAD_USER_INPUT']);
    expect(seen.data).toEqual([]);
  });

  test('is brought a subscription that is no list, and its end', async () => {
    const seen = await begin(TICKED, { room: owner });
    await eventually('the service to be asked', () => ticker.rooms.listeners(owner) === 1, PATIENT);
    const numbers = [ticker.rooms.tick(owner), ticker.rooms.tick(owner)];
    ticker.rooms.complete(owner);
    await eventually('the end', () => seen.ended, PATIENT);
    expect(seen.data.map((data) => data.ticked.number)).toEqual(numbers);
    expect(seen.codes).toEqual([]);
  });

  test('leaves, and the service is left too', async () => {
    const seen = await begin(TICKED, { room: owner });
    await eventually('the service to be asked', () => ticker.rooms.listeners(owner) === 1, PATIENT);
    seen.leave();
    await eventually('nobody to listen', () => ticker.rooms.listeners(owner) === 0, PATIENT);
  });
});

afterAll(() => {
  expect(gateway.logged).toEqual([]);
});
