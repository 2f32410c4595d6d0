import { ApolloClient, ApolloLink, gql, InMemoryCache, Observable } from '@apollo/client';
import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { createClient } from 'graphql-ws';
import { afterEach, expect, test, vi } from 'vitest';
import { ListeningSocket } from '../testing/listening-socket.ts';
import { NotResumable } from './place-in-list.ts';
import { resumeLiveLists } from './resume-live-lists.ts';

const WATCH = gql`
  subscription Watch($from: String) {
    list: friendListChanged(after: $from) {
      __typename cursor revision
      ... on FriendListSnapshot { complete friends { user { id nickname } } }
      ... on FriendChanged { friend { user { id nickname } } }
    }
  }
`;

const friend = (id: string, nickname: string) => ({ __typename: 'Friend', user: { __typename: 'User', id, nickname } });
const at = (revision: number, cursor = `c${revision}`) => ({ revision, cursor });
const change = (revision: number, nickname = `Ben ${revision}`) => ({
  data: { list: { __typename: 'FriendChanged', ...at(revision), friend: friend('u2', nickname) } },
});
const page = (revision: number, complete: boolean, ...ids: string[]) => {
  const friends = ids.map((id) => friend(id, id));
  // What is said on a page before the last is no place to resume from.
  const place = at(revision, complete ? `c${revision}` : 'half');
  return { data: { list: { __typename: 'FriendListSnapshot', ...place, complete, friends } } };
};
const refusal = (code: string) => [{ message: code, extensions: { code } }];

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await vi.waitUntil(() => ListeningSocket.open.size === 0, { timeout: 30_000 });
});

type Answers = ReturnType<typeof ListeningSocket.answer>;

/** An app on Apollo Client, and a gateway that gives these answers to one subscription after the other. */
function open(answers: readonly Answers[], { retryAttempts = 0, query = WATCH, variables = {} } = {}) {
  const asked: unknown[] = [];
  ListeningSocket.answer = ({ from }) => answers[asked.push(from) - 1] ?? [];
  const lines = createClient({ url: 'ws://gateway.example/graphql', webSocketImpl: ListeningSocket, retryAttempts });
  const cache = new InMemoryCache({ possibleTypes: { FriendListChange: ['FriendListSnapshot', 'FriendChanged'] } });
  const link = ApolloLink.from([resumeLiveLists(), new GraphQLWsLink(lines)]);
  const client = new ApolloClient({ cache, link });
  const got: { __typename: string; revision: number; friends?: { user: { id: string } }[] }[] = [];
  const errors: unknown[] = [];
  const subscription = client.subscribe<{ list: (typeof got)[number] }>({ query, variables }).subscribe({
    next({ data, error }) {
      if (data) got.push(data.list);
      if (error) errors.push(error);
    },
    error: (error) => errors.push(error),
  });
  stops.push(
    () => subscription.unsubscribe(),
    () => lines.dispose(),
  );
  const until = (what: () => boolean) => vi.waitUntil(what, { timeout: 30_000 });
  return { asked, cache, errors, got, revisions: () => got.map(({ revision }) => revision), subscription, until };
}

test('a list whose line is cut is resumed from the last cursor, and no change comes twice or is missed', async () => {
  const { asked, revisions, until, errors } = open([
    [page(1, true, 'u2'), change(2)],
    [change(3), change(4)],
    [change(5)],
  ]);
  await until(() => revisions().length === 2);
  ListeningSocket.cutAll();
  await until(() => revisions().length === 4);
  ListeningSocket.cutAll();
  await until(() => revisions().length === 5);
  expect(asked).toEqual([null, 'c2', 'c4']);
  expect(revisions()).toEqual([1, 2, 3, 4, 5]);
  expect(errors).toEqual([]);
});

test('a snapshot is handed on as a whole, and begun anew when it was cut off', async () => {
  const { asked, got, until } = open([
    [page(1, false, 'u2')],
    [page(1, false, 'u2', 'u3'), page(1, false, 'u4'), page(1, true, 'u5')],
  ]);
  await until(() => asked.length === 1);
  ListeningSocket.cutAll();
  await until(() => got.length === 1);
  expect(asked).toEqual([null, null]);
  expect(got[0]).toMatchObject({ __typename: 'FriendListSnapshot', revision: 1, complete: true, cursor: 'c1' });
  expect(got[0]?.friends?.map(({ user }) => user.id)).toEqual(['u2', 'u3', 'u4', 'u5']);
});

test('a revision that is missing is asked for, and one that came before is not handed on', async () => {
  const { asked, revisions, until } = open([
    [page(1, true, 'u2'), change(2), change(4)],
    [change(2), change(3), change(4)],
  ]);
  await until(() => revisions().length === 4);
  expect(asked).toEqual([null, 'c2']);
  expect(revisions()).toEqual([1, 2, 3, 4]);
});

test('a cursor that does not lead to the next revision costs a snapshot, and not one line after the other', async () => {
  const { asked, revisions, until } = open([
    [page(1, true, 'u2'), 'end'],
    [change(9)],
    [page(9, true, 'u2'), change(10)],
  ]);
  await until(() => revisions().length === 3);
  expect(asked).toEqual([null, 'c1', null]);
  expect(revisions()).toEqual([1, 9, 10]);
});

test('whoever has a cursor begins there, whatever its revision', async () => {
  const { asked, revisions, until } = open([[change(7)], [change(8)]], { variables: { from: 'c6' } });
  await until(() => revisions().length === 1);
  ListeningSocket.cutAll();
  await until(() => revisions().length === 2);
  expect(asked).toEqual(['c6', 'c7']);
});

test('what asks again by itself below, from the old cursor, brings nothing twice', async () => {
  const again = [page(1, true, 'u2'), change(2)];
  const { revisions, until, asked } = open([again, [...again.slice(1), change(3)]], { retryAttempts: 5 });
  await until(() => revisions().length === 2);
  ListeningSocket.cutAll();
  await until(() => revisions().length === 3);
  expect(asked).toEqual([null, null]);
  expect(revisions()).toEqual([1, 2, 3]);
});

test.each([
  ['a service that is away', refusal('SERVICE_UNAVAILABLE')],
  ['a fault of ours', refusal('INTERNAL_SERVER_ERROR')],
  ['a change that could not be answered', { errors: refusal('SERVICE_UNAVAILABLE'), data: null }],
  ['an answer without data', { data: null }],
  ['a subscription that is ended in good order', 'end' as const],
])('%s is passed over', async (_what, answer) => {
  const { asked, errors, revisions, until } = open([[page(1, true, 'u2'), answer], [answer], [change(2)]]);
  await until(() => revisions().length === 2);
  expect(asked).toEqual([null, 'c1', 'c1']);
  expect(errors).toEqual([]);
});

test.each(['UNAUTHENTICATED', 'SESSION_ENDED', 'BAD_USER_INPUT', 'FORBIDDEN', 'GRAPHQL_VALIDATION_FAILED'])(
  '%s ends the subscription, with its code',
  async (code) => {
    const { asked, errors, until } = open([[page(1, true, 'u2'), refusal(code)], [change(2)]]);
    await until(() => errors.length === 1);
    expect(CombinedGraphQLErrors.is(errors[0]) && errors[0].errors[0]?.extensions?.code).toBe(code);
    expect(asked).toHaveLength(1);
  },
);

test.each([
  ['cursor', { cursor: undefined }],
  ['revision', { revision: undefined }],
  ['complete', { complete: undefined }],
])('a document that does not ask for %s is told so', async (name, without) => {
  const { data } = page(1, true, 'u2');
  const { errors, got, until } = open([[{ data: { list: { ...data.list, ...without } } }]]);
  await until(() => errors.length === 1);
  expect(errors[0]).toBeInstanceOf(NotResumable);
  expect(String(errors[0])).toContain(`there is no ${name}`);
  expect(got).toEqual([]);
});

test('who unsubscribes is left alone: nothing is asked for again', async () => {
  const { asked, revisions, subscription, until } = open([[page(1, true, 'u2')], [change(2)]]);
  await until(() => revisions().length === 1);
  ListeningSocket.cutAll();
  subscription.unsubscribe();
  vi.useFakeTimers();
  await vi.advanceTimersByTimeAsync(60_000);
  vi.useRealTimers();
  expect(asked).toHaveLength(1);
});

test('a change brings the normalised cache up to date, without a line of cache code', async () => {
  const { cache, until, revisions } = open([[page(1, true, 'u2'), change(2, 'Benny')]]);
  await until(() => revisions().length === 2);
  const fragment = gql`fragment Name on User { nickname }`;
  expect(cache.readFragment({ id: 'User:u2', fragment })).toMatchObject({ nickname: 'Benny' });
});

test.each([
  ['a query', gql`query { a }`],
  ['a subscription without a place', gql`subscription { ticks }`],
  ['a place that is written into the document', gql`subscription { friendListChanged(after: "c1") { cursor } }`],
])('%s goes on as it is, and so does its error', async (_what, query) => {
  const heard: ApolloLink.Operation[] = [];
  const ending = new ApolloLink((operation) => {
    heard.push(operation);
    return new Observable((observer) => observer.error(new Error('as it is')));
  });
  const client = new ApolloClient({ cache: new InMemoryCache(), link: ending });
  const result = ApolloLink.execute(ApolloLink.from([resumeLiveLists(), ending]), { query }, { client });
  await expect(new Promise((_resolve, reject) => result.subscribe({ error: reject }))).rejects.toThrow('as it is');
  expect(heard).toHaveLength(1);
});
