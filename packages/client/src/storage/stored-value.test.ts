import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createKithClient } from '../kith-client.ts';
import { type KeyValueStore, memoryStore, type WebStorage, webStorage } from './key-value-store.ts';

const user = { id: 'u1', username: 'ada', nickname: 'Ada', avatarUrl: null };
const tokens = { accessToken: 'a1', refreshToken: 'r1', expiresAt: '2999-01-01T00:00:00.000Z', user };
const friend = {
  user: { id: 'u2', nickname: 'Bob', avatarUrl: null },
  remark: null,
  displayName: 'Bob',
  pinned: false,
  tags: ['work'],
  since: '2026-01-01T00:00:00.000Z',
};
const request = { id: 'q1', from: friend.user, to: user, message: null, sentAt: '2026-01-01T00:00:00.000Z' };
const list = { userId: 'u1', cursor: 'c7', revision: 7, friends: [friend], requests: [request] };

const warned: string[] = [];
const rejected: unknown[] = [];
const noteRejection = (reason: unknown) => void rejected.push(reason);
beforeEach(() => {
  vi.spyOn(console, 'warn').mockImplementation((text: string) => void warned.push(text));
  process.on('unhandledRejection', noteRejection);
});
afterEach(async () => {
  // Node tells of a rejection after the microtasks of a turn.
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', noteRejection);
  vi.restoreAllMocks();
  warned.length = 0;
  expect(rejected.splice(0)).toEqual([]);
});

/** A socket that never opens: the list is what the store says. */
class SilentSocket {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readyState = SilentSocket.CONNECTING;
  close() {}
  send() {}
}

function open(store: KeyValueStore) {
  const issued = { ...tokens, accessToken: 'a2', refreshToken: 'r2' };
  const client = createKithClient({
    url: 'http://gateway.example/graphql',
    store,
    webSocket: SilentSocket,
    fetch: async (_url, init) => {
      const { query } = JSON.parse(String(init?.body));
      const field = /\) \{ (\w+)\(/.exec(query)![1]!;
      return Response.json({ data: { [field]: issued } });
    },
  });
  return client;
}

async function storeWith(key: string, value: string): Promise<KeyValueStore> {
  const store = memoryStore();
  await store.set('kith.session', JSON.stringify(tokens));
  await store.set('kith.friend-list', JSON.stringify(list));
  await store.set(key, value);
  return store;
}

async function visit(store: KeyValueStore) {
  const client = open(store);
  const leave = client.friends.subscribe(() => {});
  const token = await client.session.accessToken();
  await vi.waitFor(() => expect(client.session.getSnapshot()).not.toBeUndefined());
  await new Promise((resolve) => setTimeout(resolve));
  const { known, friends } = client.friends.getSnapshot();
  const signedIn = client.session.getSnapshot();
  leave();
  client.stop();
  return { token, signedIn, known, friends };
}

const spoiled = (value: object, changes: Record<string, unknown>) => JSON.stringify({ ...value, ...changes });
const UNREADABLE = ['{"acce', 'undefined', 'null', '[]', '"text"', '7', 'true', '\u0000', '{}'].map((text) => [
  text,
  text,
]);
const SPOILED_SESSIONS = [
  ...UNREADABLE,
  ['cut short', JSON.stringify(tokens).slice(0, -5)],
  ['without user', spoiled(tokens, { user: undefined })],
  ['whose user is null', spoiled(tokens, { user: null })],
  ['whose user is a name', spoiled(tokens, { user: 'ada' })],
  ['whose user has no name', spoiled(tokens, { user: { id: 'u1' } })],
  ['without refresh token', spoiled(tokens, { refreshToken: undefined })],
  ['whose access token is a number', spoiled(tokens, { accessToken: 7 })],
  ['that expires at no time', spoiled(tokens, { expiresAt: 'soon' })],
];
const SPOILED_LISTS = [
  ...UNREADABLE,
  ['cut short', JSON.stringify(list).slice(0, -5)],
  ['without friends', spoiled(list, { friends: undefined })],
  ['whose friends are no array', spoiled(list, { friends: {} })],
  ['with null among its friends', spoiled(list, { friends: [null] })],
  ['with a friend twice', spoiled(list, { friends: [friend, friend] })],
  ['with a friend without user', spoiled(list, { friends: [{ ...friend, user: undefined }] })],
  ['with a friend without display name', spoiled(list, { friends: [{ ...friend, displayName: undefined }] })],
  ['with a friend without tags', spoiled(list, { friends: [{ ...friend, tags: null }] })],
  ['with a friend who is pinned somehow', spoiled(list, { friends: [{ ...friend, pinned: 'yes' }] })],
  ['without requests', spoiled(list, { requests: undefined })],
  ['with a request from nobody', spoiled(list, { requests: [{ ...request, from: null }] })],
  ['without cursor', spoiled(list, { cursor: null })],
  ['whose revision is a text', spoiled(list, { revision: '7' })],
  ['whose revision is below zero', spoiled(list, { revision: -1 })],
];

test('what is whole is taken up, without a word', async () => {
  const { token, signedIn, known, friends } = await visit(await storeWith('kith.session', JSON.stringify(tokens)));
  expect({ token, signedIn, known, friends }).toEqual({
    token: 'a1',
    signedIn: { user },
    known: true,
    friends: [friend],
  });
  expect(warned).toEqual([]);
});

test.each(SPOILED_SESSIONS)('a stored session %s is none, is replaced, and is told of once', async (_, value = '') => {
  const store = await storeWith('kith.session', value);
  expect(await visit(store)).toMatchObject({ token: null, signedIn: null });
  expect(await store.get('kith.session')).toBeNull();
  expect(warned).toEqual([expect.stringContaining('kith.session')]);

  const client = open(store);
  await client.session.signIn({ username: 'ada', password: 'secret-1' });
  expect(await client.session.accessToken()).toBe('a2');
  expect(JSON.parse((await store.get('kith.session'))!)).toMatchObject({ refreshToken: 'r2' });
  expect(warned).toHaveLength(1);
});

test.each(SPOILED_LISTS)('a stored list %s is none, is replaced, and is told of once', async (_, value = '') => {
  const store = await storeWith('kith.friend-list', value);
  expect(await visit(store)).toMatchObject({ token: 'a1', known: false, friends: [] });
  expect(await store.get('kith.friend-list')).toBeNull();
  expect(warned).toEqual([expect.stringContaining('kith.friend-list')]);
});

test("somebody else's list is no fault of the store's", async () => {
  const store = await storeWith('kith.friend-list', spoiled(list, { userId: 'u9' }));
  expect(await visit(store)).toMatchObject({ known: false });
  expect(warned).toEqual([]);
});

const fails = () => {
  throw new Error('The operation is insecure.');
};
const rejects = () => Promise.reject(new Error('The database is closed.'));

test.each([
  ['throws', { get: fails, set: fails, remove: fails }],
  ['rejects', { get: rejects, set: rejects, remove: rejects }],
  ['can be read and not be written', { get: () => null, set: fails, remove: rejects }],
])('a store that %s: a session is had without it, and renewed, and ended', async (_, store) => {
  const client = open(store);
  expect(await client.session.accessToken()).toBeNull();
  await client.session.signIn({ username: 'ada', password: 'secret-1' });
  client.session.tokenRefused('a2');
  expect(await client.session.accessToken()).toBe('a2');
  await client.session.reread();
  expect(client.session.getSnapshot()).toEqual({ user });
  const leave = client.friends.subscribe(() => {});
  leave();
  await client.session.signOut();
  expect(client.session.getSnapshot()).toBeNull();
  client.stop();
  expect(warned).toEqual([expect.stringContaining('the store fails')]);
});

test('what another tab spoils signs nobody out, and is written anew', async () => {
  const store = await storeWith('kith.session', JSON.stringify(tokens));
  const client = open(store);
  expect(await client.session.accessToken()).toBe('a1');
  await store.set('kith.session', 'undefined');
  await client.session.reread();
  expect(client.session.getSnapshot()).toEqual({ user });
  expect(JSON.parse((await store.get('kith.session'))!)).toEqual(tokens);
  client.stop();
});

test('a full localStorage does not end a session when its token is renewed', async () => {
  const client = open(webStorage({ getItem: () => null, setItem: fails, removeItem: () => {} }));
  await client.session.signIn({ username: 'ada', password: 'secret-1' });
  client.session.tokenRefused('a2');
  expect(await client.session.accessToken()).toBe('a2');
  client.stop();
});

test.each([
  ['there is no storage, as on a server', () => undefined],
  ['the storage is switched off', () => null],
  [
    'reading it is forbidden',
    () => {
      throw new DOMException('The operation is insecure.', 'SecurityError');
    },
  ],
  ['nobody has heard of it', () => (globalThis as unknown as { storageOfNobody: WebStorage }).storageOfNobody],
  ['it has no methods', () => ({}) as WebStorage],
])(
  'where %s, what is kept is kept in memory, and nobody is warned',
  async (_why, give: () => WebStorage | null | undefined) => {
    const store = webStorage(give);
    await open(store).session.signIn({ username: 'ada', password: 'secret-1' });
    expect(await open(store).session.accessToken()).toBe('a2');
    expect(warned).toEqual([]);
  },
);

test('a storage that is given by a function is the one that is used', async () => {
  const items = new Map<string, string>();
  const storage = {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
  await open(webStorage(() => storage)).session.signIn({ username: 'ada', password: 'secret-1' });
  expect(items.get('kith.session')).toContain('a2');
});
