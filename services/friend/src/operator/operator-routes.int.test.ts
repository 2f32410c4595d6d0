// Longer than other files: every route of the operator on one service, which takes seconds to start.
import { PROFILE_COPY_CONSUMER } from '@kith/event-contracts';
import { eventually } from '@kith/local-servers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Ask,
  startFriendServiceForTest,
  type TestFriendService,
} from '../testing/start-friend-service-for-test.ts';
import { viewKeys } from '../view/redis/view-keys.ts';
import { tellRedis } from '../view/testing/tell-redis.ts';

let service: TestFriendService;
beforeAll(async () => {
  service = await startFriendServiceForTest();
});
afterAll(() => service?.stop());

const NOBODY = '01980000-0000-7000-8000-000000000000';

function operate(path: string, body?: unknown, key = service.operatorKey): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  if (body === undefined) return fetch(`${service.url}${path}`, { headers });
  return fetch(`${service.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

const bind = async (pairs: unknown) => (await operate('/operator/import-friendships', { pairs })).json();

async function totalCount(ask: Ask, id: string): Promise<number> {
  const query =
    'query ($of: _Any!) { _entities(representations: [$of]) { ... on User { friends { totalCount edges { node { displayName } } } } } }';
  return (await ask(query, { variables: { of: { __typename: 'User', id } } })).data._entities[0].friends.totalCount;
}

/** The lines of a reconciliation: what differs, and the result. */
async function reconcile(): Promise<{ differences: object[]; result: { checked: object; differences: number } }> {
  const lines = (await (await operate('/operator/reconcile')).text()).trim().split('\n');
  const parsed = lines.map((line) => JSON.parse(line));
  const differences = parsed.flatMap(({ difference }) => difference ?? []);
  return { differences, result: parsed.at(-1).result };
}

const inboxDiffersFor = async (owner: string) =>
  (await reconcile()).differences.some(
    (each) => 'check' in each && each.check === 'inbox' && 'owner' in each && each.owner === owner,
  );

test.each(['import-friendships', 'reconcile', 'status'])('%s is the operator’s alone', async (path) => {
  const body = path === 'import-friendships' ? { pairs: [] } : undefined;
  expect((await operate(`/operator/${path}`, body, 'wrong')).status).toBe(401);
});

test('an import binds whoever it may, whatever their policy, and says what it could not do', async () => {
  const [ann, bob, closed] = (await Promise.all([
    service.users.signUp(),
    service.users.signUp({}, { heardOf: false }),
    service.users.signUp({ friendPolicy: 'CLOSED' }),
  ])) as [string, string, string];
  const pairs = [
    [ann, bob],
    [bob, ann],
    [ann, closed],
    [ann, ann],
    [ann, NOBODY],
  ];
  const failed = [
    { index: 3, code: 'CANNOT_BEFRIEND_SELF', message: expect.any(String) },
    { index: 4, code: 'USER_NOT_FOUND', message: expect.any(String) },
  ];
  expect(await bind(pairs)).toEqual({ bound: 2, existing: 1, failed });
  expect(await bind(pairs)).toEqual({ bound: 0, existing: 3, failed });
  expect(await totalCount(await service.as(ann), ann)).toBe(2);
});

test.each([
  ['no pairs', {}],
  ['a pair of three', { pairs: [[NOBODY, NOBODY, NOBODY]] }],
  ['an id that is none', { pairs: [[NOBODY, 'me']] }],
  ['too many', { pairs: Array(1_001).fill([NOBODY, NOBODY]) }],
])('an import with %s is bad input', async (_, body) => {
  const response = await operate('/operator/import-friendships', body);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT', field: 'pairs' } }] });
});

test('a system that agrees with itself has no differences, people who left included', async () => {
  const [ann, gone] = (await Promise.all([service.users.signUp(), service.users.signUp({ friendPolicy: 'OPEN' })])) as [
    string,
    string,
  ];
  await bind([[ann, gone]]);
  const asAnn = await service.as(ann);
  expect(await totalCount(asAnn, ann)).toBe(1);
  await service.users.changeProfile(gone, { nickname: 'Leaving' });
  await service.users.deleteAccount(gone);
  await eventually('they have left', async () => (await totalCount(asAnn, ann)) === 0);
  const { differences, result } = await reconcile();
  expect([differences, result.differences]).toEqual([[], 0]);
  expect(result.checked).toMatchObject({
    stream: expect.any(Number),
    copies: expect.any(Number),
    views: expect.any(Number),
  });
});

test('a copy and a view that are not as they should be are each named', async () => {
  const [ann, bob] = (await Promise.all([service.users.signUp(), service.users.signUp()])) as [string, string];
  await bind([[ann, bob]]);
  expect(await totalCount(await service.as(ann), ann)).toBe(1);
  await service.pool.query(`UPDATE profile SET username = 'somebody else' WHERE user_id = $1`, [bob]);
  await service.pool.query(`UPDATE friend SET remark = 'behind everybody’s back' WHERE owner_id = $1`, [ann]);
  const { differences, result } = await reconcile();
  expect(differences).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ check: 'copies', owner: bob }),
      expect.objectContaining({ check: 'views', owner: ann, detail: `friend ${bob} is not as in Postgres` }),
    ]),
  );
  expect(result.differences).toBe(2);
});

test('an event of the users that was acknowledged, and is not in the inbox, is named', async () => {
  const ann = await service.users.signUp();
  const copies = () => service.pool.query('SELECT FROM profile WHERE user_id = $1', [ann]);
  await eventually('her event was handled', async () => (await copies()).rowCount === 1);
  const { rowCount } = await service.pool.query('DELETE FROM inbox WHERE consumer = $1', [PROFILE_COPY_CONSUMER]);
  expect(rowCount).toBeGreaterThan(0);
  await eventually('it is named', () => inboxDiffersFor(ann));
  const { differences, result } = await reconcile();
  expect(differences).toContainEqual(
    expect.objectContaining({ check: 'inbox', owner: ann, revision: 1, stream: 'USER' }),
  );
  expect(result.checked).toMatchObject({ inbox: expect.any(Number) });
});

test('spoiled views are named, the comparison goes on behind them, and loading them anew mends them', async () => {
  const [ann, bob] = (await Promise.all([service.users.signUp(), service.users.signUp()])) as [string, string];
  await bind([[ann, bob]]);
  for (const id of [ann, bob]) expect(await totalCount(await service.as(id), id)).toBe(1);
  const { rows } = await service.pool.query('SELECT id FROM timeline');
  const [ofAnn, ofBob] = [viewKeys(ann, rows[0].id), viewKeys(bob, rows[0].id)];
  await tellRedis(service.redis, `HSET ${ofAnn[3]} ${bob} garbage`);
  await tellRedis(service.redis, `ZADD ${ofBob[1]} 0 stranger`);
  const views = async () => (await reconcile()).differences.filter((each) => 'check' in each && each.check === 'views');
  const named = await views();
  for (const owner of [ann, bob]) {
    expect(named).toContainEqual(
      expect.objectContaining({ check: 'views', owner, detail: expect.stringContaining('spoiled') }),
    );
  }
  await operate('/operator/rebuild-views', { owners: [ann, bob] });
  const left = await views();
  for (const owner of [ann, bob]) expect(left).not.toContainEqual(expect.objectContaining({ owner }));
});

test('views are loaded anew: of some owners, or of all there are, and only of them', async () => {
  const [ann, bob] = (await Promise.all([service.users.signUp(), service.users.signUp()])) as [string, string];
  await bind([[ann, bob]]);
  const query =
    'query ($of: _Any!) { _entities(representations: [$of]) { ... on User { friends { edges { node { remark } } } } } }';
  const remarkIn = async (id: string) => {
    const ask = await service.as(id);
    const { data } = await ask(query, { variables: { of: { __typename: 'User', id } } });
    return data._entities[0].friends.edges[0].node.remark;
  };
  expect([await remarkIn(ann), await remarkIn(bob)]).toEqual([null, null]);
  await service.pool.query(`UPDATE friend SET remark = 'past the view' WHERE owner_id = ANY($1)`, [[ann, bob]]);
  expect([await remarkIn(ann), await remarkIn(bob)]).toEqual([null, null]);
  const rebuild = async (body: object) => (await operate('/operator/rebuild-views', body)).json();
  expect(await rebuild({ owners: [ann] })).toEqual({ rebuilt: 1 });
  expect([await remarkIn(ann), await remarkIn(bob)]).toEqual(['past the view', null]);
  const { rows } = await service.pool.query('SELECT count(*)::int AS lists FROM friend_list');
  const { lists } = rows[0];
  expect(await rebuild({ after: null })).toEqual({ rebuilt: lists, next: null, total: lists });
  expect(await remarkIn(bob)).toBe('past the view');
});

test.each([{}, { owners: [] }, { owners: ['me'] }, { after: 'me' }])(
  'views of %j cannot be loaded anew',
  async (body) => {
    const response = await operate('/operator/rebuild-views', body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
  },
);

test('a copy that is wrong under the right version is taken from the user service again, and lists are told', async () => {
  const [ann, bob] = (await Promise.all([service.users.signUp(), service.users.signUp()])) as [string, string];
  await bind([[ann, bob]]);
  const { rows } = await service.pool.query(`SELECT nickname FROM profile WHERE user_id = $1`, [bob]);
  await service.pool.query(`UPDATE profile SET nickname = 'somebody else' WHERE user_id = $1`, [bob]);
  expect(await (await operate('/operator/copy-profiles', { owners: [bob] })).json()).toEqual({
    copied: 1,
    forgotten: 0,
  });
  const copy = await service.pool.query(`SELECT nickname FROM profile WHERE user_id = $1`, [bob]);
  expect(copy.rows).toEqual(rows);
  const { rows: last } = await service.pool.query(
    'SELECT type, payload FROM outbox WHERE owner_id = $1 ORDER BY revision DESC LIMIT 1',
    [ann],
  );
  expect(last[0]).toMatchObject({
    type: 'kith.friend.changed.v1',
    payload: { before: { nickname: 'somebody else' }, after: { nickname: rows[0].nickname } },
  });
  expect((await reconcile()).differences).not.toContainEqual(expect.objectContaining({ owner: bob }));
});

test('people whom the user service does not have any more leave the lists of their friends by the rules', async () => {
  const [ann, bob] = (await Promise.all([service.users.signUp(), service.users.signUp()])) as [string, string];
  await bind([[ann, bob]]);
  service.users.putBack(bob);
  const stranger = expect.objectContaining({ check: 'copies', owner: bob });
  expect((await reconcile()).differences).toContainEqual(stranger);
  const copyAnew = async (owners: string[]) => (await operate('/operator/copy-profiles', { owners })).json();
  expect(await copyAnew([bob, NOBODY])).toEqual({ copied: 0, forgotten: 1 });
  expect(await totalCount(await service.as(ann), ann)).toBe(0);
  const { rows: last } = await service.pool.query(
    'SELECT type, payload FROM outbox WHERE owner_id = $1 ORDER BY revision DESC LIMIT 1',
    [ann],
  );
  expect(last[0]).toMatchObject({ type: 'kith.friend.removed.v1' });
  expect((await reconcile()).differences).not.toContainEqual(stranger);
  expect(await copyAnew([bob])).toEqual({ copied: 0, forgotten: 0 });
  const { rows } = await service.pool.query('SELECT FROM profile WHERE user_id = $1', [NOBODY]);
  expect(rows).toEqual([]);
});

test('people who have an account again, and names of an older version, are taken from the user service', async () => {
  const [ann, gone] = (await Promise.all([service.users.signUp(), service.users.signUp()])) as [string, string];
  await bind([[ann, gone]]);
  const asAnn = await service.as(ann);
  await service.users.changeProfile(ann, { nickname: 'of the lost time' });
  await service.users.deleteAccount(gone);
  await eventually('they have left', async () => (await totalCount(asAnn, ann)) === 0);
  service.users.putBack(gone, { username: 'back', nickname: 'Back', version: 1 });
  service.users.putBack(ann, { nickname: 'as before', version: 1 });
  await eventually('the name has come', async () => {
    const { rows } = await service.pool.query('SELECT version::int FROM profile WHERE user_id = $1', [ann]);
    return rows[0].version === 2;
  });
  await operate('/operator/copy-profiles', { owners: [ann, gone] });
  const { differences } = await reconcile();
  for (const owner of [ann, gone]) expect(differences).not.toContainEqual(expect.objectContaining({ owner }));
  expect(await bind([[ann, gone]])).toMatchObject({ bound: 1 });
});

test('the status says how much there is, and what waits', async () => {
  expect(await (await operate('/operator/status')).json()).toMatchObject({
    service: 'friend',
    outbox: { unpublished: expect.any(Number), oldestAgeMs: expect.any(Number) },
    data: { lists: expect.any(Number), friendships: expect.any(Number), openRequests: 0 },
  });
});

test('a user service that knows nobody at all is not believed: nobody is forgotten', async () => {
  const { rows } = await service.pool.query<{ user_id: string }>('SELECT user_id FROM profile');
  const { rows: before } = await service.pool.query('SELECT count(*)::int AS people FROM profile WHERE NOT deleted');
  for (const { user_id: userId } of rows) service.users.putBack(userId);
  const response = await operate('/operator/copy-profiles', { owners: rows.map(({ user_id: userId }) => userId) });
  expect([response.status, await response.json()]).toMatchObject([
    503,
    { errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] },
  ]);
  const { rows: after } = await service.pool.query('SELECT count(*)::int AS people FROM profile WHERE NOT deleted');
  expect(after).toEqual(before);
});
