import { WHO_BLOCKS_PATH, whoBlocksSchema } from '@kith/event-contracts';
import { createLog, gatewayOnly, KithError, readJsonBody, sendJson, startHttpServer } from '@kith/service-kit';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { accountOperations, type TestSession } from '../testing/account-operations.ts';
import { GATEWAY_KEY, startUserServiceForTests } from '../testing/start-user-service-for-tests.ts';

// The friend service, as far as a search asks it.
const blockersOf = new Map<string, Set<string>>();
let asked = 0;
let away = false;
const friendService = await startHttpServer({
  host: '127.0.0.1',
  port: 0,
  log: createLog({ name: 'friend-stand-in', level: 'silent' }),
  ready: () => ({ ready: true, uses: {} }),
  routes: {
    [`POST ${WHO_BLOCKS_PATH}`]: gatewayOnly(GATEWAY_KEY, async (request, response) => {
      asked += 1;
      if (away) throw new KithError('SERVICE_UNAVAILABLE', 'Away.');
      const { viewerId, userIds } = whoBlocksSchema.parse(await readJsonBody(request));
      sendJson(response, 200, { blockers: userIds.filter((id) => blockersOf.get(viewerId)?.has(id)) });
    }),
  },
});
const service = await startUserServiceForTests({ FRIEND_URL: friendService.url });
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await friendService.stop();
});
const { newUser } = accountOperations(service);

const NAMES = Array.from({ length: 250 }, (_, n) => `crowd_${String(n).padStart(3, '0')}`);
const body = { usernames: NAMES, password: 'correct horse battery' };
const { users } = (await (await service.operator('/operator/import-users', body)).json()) as {
  users: { username: string; id: string }[];
};
const idOf = (username: string) => users.find((user) => user.username === username)!.id;

let viewer: TestSession;
let people = 0;
beforeEach(async () => {
  viewer = await newUser(`viewer_${++people}`);
  asked = 0;
  away = false;
});
const blockedBy = (...usernames: string[]) => blockersOf.set(viewer.user.id, new Set(usernames.map(idOf)));

const SEARCH = `query ($text: String!, $first: Int, $after: String) {
  searchUsers(text: $text, first: $first, after: $after) {
    edges { cursor node { username } }
    pageInfo { hasNextPage endCursor }
  }
}`;
const search = async (text: string, first?: number, after?: string) => {
  const { data, codes } = await service.graphql(SEARCH, { text, first, after }, viewer.accessToken);
  if (!data) return { codes, names: [] as string[], pageInfo: undefined };
  const { edges, pageInfo } = data.searchUsers;
  return {
    codes,
    names: edges.map((edge: { node: { username: string } }) => edge.node.username) as string[],
    pageInfo,
  };
};

test('who blocks the viewer is not found, by their very username either', async () => {
  blockedBy('crowd_007');
  expect((await search('crowd_007')).names).not.toContain('crowd_007');
  expect((await search('crowd', 10)).names).toEqual(NAMES.filter((name) => name !== 'crowd_007').slice(0, 10));
});

test('others find them as before', async () => {
  blockedBy('crowd_007');
  viewer = await newUser('bystander');
  expect((await search('crowd_007')).names[0]).toBe('crowd_007');
});

test.each([
  ['nobody', () => []],
  ['every other', () => NAMES.filter((_, n) => n % 2 === 0)],
  ['the first two hundred', () => NAMES.slice(0, 200)],
  ['the last of a page', () => ['crowd_009', 'crowd_019']],
  ['everybody but the last', () => NAMES.slice(0, -1)],
  ['everybody', () => NAMES],
])(
  'where %s blocks the viewer, pages are full, end where they end, and are the whole of the others',
  async (_who, blockers) => {
    blockedBy(...blockers());
    const paged: string[] = [];
    for (let after: string | undefined; ; ) {
      const { names, pageInfo } = await search('crowd', 10, after);
      paged.push(...names);
      if (!pageInfo.hasNextPage) break;
      expect(names).toHaveLength(10);
      after = pageInfo.endCursor;
    }
    expect(paged).toEqual(NAMES.filter((name) => !blockers().includes(name)));
  },
);

test('an ordinary page asks once, and one that found nobody asks nothing', async () => {
  await search('crowd', 20);
  expect(asked).toBe(1);
  await search('nobody_is_called_so');
  expect(asked).toBe(1);
});

test('while the friend service is away nobody is shown, rather than somebody who must not be seen', async () => {
  away = true;
  expect(await search('crowd')).toMatchObject({ codes: ['SERVICE_UNAVAILABLE'], names: [] });
  expect((await service.graphql('{ me { username } }', {}, viewer.accessToken)).codes).toEqual([]);
});
