import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { build } from 'vite';
import { expect, test, vi } from 'vitest';
import type { KithClient, KithClientOptions } from './index.ts';
import { ListeningSocket } from './testing/listening-socket.ts';

/** What came after ES2022, as far as engines of phones have it late. */
const WITHOUT_NEWER = `
  for (const name of ['toSpliced', 'toSorted', 'toReversed', 'with', 'findLast', 'findLastIndex'])
    delete Array.prototype[name];
  for (const name of ['toWellFormed', 'isWellFormed']) delete String.prototype[name];
  for (const name of ['union', 'difference', 'intersection', 'isSubsetOf']) delete Set.prototype[name];
  delete Object.groupBy; delete Map.groupBy; delete Promise.withResolvers; delete Promise.try; delete globalThis.Iterator;
`;

/** All there is besides the language: what React Native has. https://reactnative.dev/docs/javascript-environment */
function phone(fetch: typeof globalThis.fetch) {
  class AbortSignalWithoutTimeout {}
  return createContext({
    ...{ fetch, setTimeout, clearTimeout, setInterval, clearInterval, console, WebSocket: ListeningSocket },
    ...{ AbortController, AbortSignal: AbortSignalWithoutTimeout, navigator: { product: 'ReactNative' } },
  });
}

async function bundled(): Promise<string> {
  const output = await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      target: 'es2022',
      minify: false,
      lib: { entry: fileURLToPath(new URL('./index.ts', import.meta.url)), formats: ['iife'], name: 'kith' },
    },
  });
  const chunks = (Array.isArray(output) ? output : [output]).flatMap((each) => ('output' in each ? each.output : []));
  return chunks.map((chunk) => ('code' in chunk ? chunk.code : '')).join('');
}

const person = (id: string, nickname: string) => ({ id, nickname, avatarUrl: null });
const friend = (id: string, nickname: string) => ({
  user: person(id, nickname),
  ...{ remark: null, displayName: nickname, pinned: false, tags: [], since: '2026-01-01T00:00:00.000Z' },
});
const at = (revision: number) => ({ cursor: `c${revision}`, revision, occurredAt: '2026-01-01T00:00:00.000Z' });
const CHANGES = [
  {
    ...{ __typename: 'FriendListSnapshot', reason: 'STARTED', complete: true, requests: [] },
    ...{ ...at(1), friends: [friend('u2', 'Zoë'), friend('u3', 'Åsa')] },
  },
  { __typename: 'FriendAdded', ...at(2), friend: friend('u4', '\ud800 Łukasz') },
  { __typename: 'FriendChanged', ...at(3), friend: friend('u2', 'Ben') },
  { __typename: 'FriendRemoved', ...at(4), userId: 'u3' },
];

test('signs in and keeps a list on a platform that has no DOM, and nothing newer than ES2022', async () => {
  const sent: RequestInit[] = [];
  const session = { accessToken: 'a1', refreshToken: 'r1', expiresAt: '2999-01-01T00:00:00.000Z' };
  const context = phone(async (_url, init) => {
    sent.push(init ?? {});
    return Response.json({ data: { signIn: { ...session, user: { username: 'ada', ...person('u1', 'Ada') } } } });
  });
  ListeningSocket.answer = () => CHANGES.map((friendListChanged) => ({ data: { friendListChanged } }));
  runInContext(`${WITHOUT_NEWER}\n${await bundled()}\nglobalThis.kith = kith;`, context);
  const { createKithClient } = context.kith as { createKithClient(options: KithClientOptions): KithClient };

  const client = createKithClient({ url: 'https://gateway.example/graphql' });
  await client.session.signIn({ username: 'ada', password: 'secret-1' });
  expect(sent[0]?.signal?.aborted).toBe(false);
  client.friends.subscribe(() => undefined);
  await vi.waitUntil(() => client.friends.getSnapshot().state === 'live', { timeout: 30_000 });
  expect(client.friends.getSnapshot().friends.map(({ displayName }) => displayName)).toEqual(['Ben', '\ud800 Łukasz']);
  client.stop();
  await vi.waitUntil(() => ListeningSocket.open.size === 0, { timeout: 30_000 });
});
