import { expect, test } from 'vitest';
import { KithApiError, type Operation, Unreachable } from '../network/send-operation.ts';
import { type KeyValueStore, memoryStore } from '../storage/key-value-store.ts';
import { createSession } from './session.ts';

const user = { id: 'u1', username: 'ada', nickname: 'Ada', avatarUrl: null };

/** A server that knows one account, whose refresh tokens work once. */
function fakeServer(clock: { ms: number }) {
  let count = 0;
  let good = '';
  const asked: string[] = [];
  const issue = () => {
    count += 1;
    good = `r${count}`;
    return {
      accessToken: `a${count}`,
      refreshToken: good,
      expiresAt: new Date(clock.ms + 900_000).toISOString(),
      user,
    };
  };
  return {
    asked,
    endEverything: () => {
      good = '';
    },
    async send<Data>({ query, variables }: Operation): Promise<Data> {
      const field = /\) \{\s+(\w+)\(/.exec(query)![1]!;
      asked.push(field);
      if (field !== 'refreshSession') return { [field]: issue() } as Data;
      const { refreshToken } = (variables as { input: { refreshToken: string } }).input;
      if (refreshToken !== good) throw new KithApiError('It was used before.', { code: 'SESSION_ENDED' });
      return { [field]: issue() } as Data;
    },
  };
}

function setUp(store: KeyValueStore = memoryStore()) {
  const clock = { ms: Date.parse('2026-01-01T00:00:00Z') };
  const server = fakeServer(clock);
  const open = () => createSession({ send: server.send, store, now: () => clock.ms });
  return { clock, server, store, open };
}

test('a token that is about to expire is renewed once, however many ask for it', async () => {
  const { clock, server, open } = setUp();
  const session = open();
  await session.signIn({ username: 'ada', password: 'secret-1' });
  expect(await session.accessToken()).toBe('a1');
  clock.ms += 895_000;
  expect(await Promise.all([session.accessToken(), session.accessToken()])).toEqual(['a2', 'a2']);
  expect(server.asked).toEqual(['signIn', 'refreshSession']);
});

test('a second tab takes the token that the first has renewed, and does not spend the refresh token again', async () => {
  const { clock, server, open } = setUp();
  const first = open();
  await first.signIn({ username: 'ada', password: 'secret-1' });
  const second = open();
  expect(await second.accessToken()).toBe('a1');
  clock.ms += 895_000;
  await first.accessToken();
  expect(await second.accessToken()).toBe('a2');
  expect(server.asked.filter((field) => field === 'refreshSession')).toHaveLength(1);
});

test('a session that the server has ended ends here, and tells', async () => {
  const { server, open } = setUp();
  const session = open();
  await session.signIn({ username: 'ada', password: 'secret-1' });
  const seen: unknown[] = [];
  session.subscribe(() => seen.push(session.getSnapshot()));
  server.endEverything();
  session.tokenRefused('a1');
  expect(await session.accessToken()).toBeNull();
  expect(seen).toEqual([null]);
});

test('a server that cannot be reached ends no session', async () => {
  const { clock, store } = setUp();
  let reachable = true;
  const server = fakeServer(clock);
  const session = createSession({
    send: (operation) => (reachable ? server.send(operation) : Promise.reject(new Unreachable())),
    store,
    now: () => clock.ms,
  });
  await session.signIn({ username: 'ada', password: 'secret-1' });
  reachable = false;
  clock.ms += 900_000;
  await expect(session.accessToken()).rejects.toThrow(Unreachable);
  reachable = true;
  expect(await session.accessToken()).toBe('a2');
});

test.each([
  ['was lost', () => new Unreachable()],
  ['came too late', () => new KithApiError('Away.', { code: 'SERVICE_UNAVAILABLE' })],
])('a refresh whose answer %s is repeated at once, with the same token', async (_how, lost) => {
  const { clock, server, store } = setUp();
  const sent: unknown[] = [];
  const session = createSession({
    send: async <Data>(operation: Operation) => {
      const isRefresh = operation.query.includes('refreshSession');
      if (isRefresh) sent.push(operation.variables);
      if (sent.length === 1) throw lost();
      return server.send<Data>(operation);
    },
    store,
    now: () => clock.ms,
  });
  await session.signIn({ username: 'ada', password: 'secret-1' });
  clock.ms += 895_000;
  expect(await session.accessToken()).toBe('a2');
  expect(sent).toEqual([{ input: { refreshToken: 'r1' } }, { input: { refreshToken: 'r1' } }]);
});

test('a refusal is not asked for twice', async () => {
  const { server, open } = setUp();
  const session = open();
  await session.signIn({ username: 'ada', password: 'secret-1' });
  server.endEverything();
  session.tokenRefused('a1');
  expect(await session.accessToken()).toBeNull();
  expect(server.asked).toEqual(['signIn', 'refreshSession']);
});

test('signing out ends the session here at once, and on the server too', async () => {
  const { server, store, open } = setUp();
  const session = open();
  await session.signIn({ username: 'ada', password: 'secret-1' });
  await session.signOut();
  expect(session.getSnapshot()).toBeNull();
  expect(await store.get('kith.session')).toBeNull();
  expect(server.asked).toContain('signOut');
});

test('a tab that reads the store again is signed in and out with the tab that wrote it', async () => {
  const { server, open } = setUp();
  const [first, second] = [open(), open()];
  await first.signIn({ username: 'ada', password: 'secret-1' });
  expect(second.getSnapshot()).not.toEqual({ user });
  await second.reread();
  expect(second.getSnapshot()).toEqual({ user });
  expect(await second.accessToken()).toBe('a1');
  server.endEverything();
  await first.signOut().catch(() => undefined);
  await second.reread();
  expect(second.getSnapshot()).toBeNull();
});

test.each(['signIn', 'signUp', 'refreshSession', 'changePassword'] as const)(
  'a session that %s opened is kept though a part of the answer failed',
  async (field) => {
    const { server, clock, store } = setUp();
    let isBroken = false;
    const session = createSession({
      store,
      now: () => clock.ms,
      send: async <Data>(operation: Operation) => {
        const data = await server.send<Record<string, object>>(operation);
        if (!isBroken) return data as Data;
        const [name, tokens] = Object.entries(data)[0]!;
        const completed = { [name]: { ...tokens, user: { id: 'u1', username: 'ada', nickname: 'Ada' } } };
        throw new KithApiError('Try again.', { code: 'SERVICE_UNAVAILABLE', tookEffect: true }, completed);
      },
    });
    if (field !== 'signIn' && field !== 'signUp') await session.signIn({ username: 'ada', password: 'secret-1' });
    isBroken = true;
    if (field === 'signIn') await session.signIn({ username: 'ada', password: 'secret-1' });
    if (field === 'signUp') await session.signUp({ username: 'ada', password: 'secret-1', nickname: 'Ada' });
    if (field === 'changePassword') await session.changePassword({ currentPassword: 'a', newPassword: 'b' });
    if (field === 'refreshSession') clock.ms += 900_000;
    const newest = field === 'signIn' || field === 'signUp' ? 'a1' : 'a2';
    expect(await session.accessToken()).toBe(newest);
    expect(JSON.parse((await store.get('kith.session'))!)).toMatchObject({
      accessToken: newest,
      user: { username: 'ada' },
    });
  },
);

test('a sign-in that failed and told no tokens signs nobody in', async () => {
  const session = createSession({
    store: memoryStore(),
    now: () => 0,
    send: () => Promise.reject(new KithApiError('No.', { code: 'INVALID_CREDENTIALS' }, { signIn: null })),
  });
  await expect(session.signIn({ username: 'ada', password: 'secret-1' })).rejects.toThrow('No.');
  expect(session.getSnapshot() ?? null).toBeNull();
});
