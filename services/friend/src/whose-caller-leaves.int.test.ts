import { eventually } from '@kith/local-servers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codesOf, startFriendServiceForTest, type TestFriendService } from './testing/start-friend-service-for-test.ts';

let service: TestFriendService;
beforeAll(async () => {
  service = await startFriendServiceForTest();
});
afterAll(() => service?.stop());

const SUGGESTIONS = `query ($of: [_Any!]!) { _entities(representations: $of) { ... on User { suggestedFriends { mutualFriendCount } } } }`;
const representing = (id: string) => ({ of: [{ __typename: 'User', id }] });

async function signUp(count: number): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, () => service.users.signUp({})));
}

/** Statements that Postgres works at, or holds up by a lock, for the service's reads. */
async function running(): Promise<number> {
  const { rows } = await service.pool.query(
    `SELECT FROM pg_stat_activity WHERE application_name = 'kith-friend-reads' AND state = 'active' AND query LIKE '%candidates%'`,
  );
  return rows.length;
}

/** Holds up every read of blocks until it is let go. */
async function holdUp(): Promise<() => Promise<void>> {
  const client = await service.pool.connect();
  await client.query('BEGIN; LOCK TABLE block IN ACCESS EXCLUSIVE MODE');
  return async () => {
    await client.query('ROLLBACK');
    client.release();
  };
}

test('the statement of a caller who closes the connection is gone from Postgres, and the next caller is answered', async () => {
  const [ann] = await signUp(1);
  const letGo = await holdUp();
  const leaves = new AbortController();
  const asked = fetch(`${service.url}/graphql`, {
    method: 'POST',
    signal: leaves.signal,
    headers: {
      'content-type': 'application/json',
      'x-kith-gateway-key': service.gatewayKey,
      authorization: `Bearer ${await service.users.tokenOf(ann!)}`,
    },
    body: JSON.stringify({ query: SUGGESTIONS, variables: representing(ann!) }),
  }).catch((error: Error) => error.name);
  await eventually('it is held up', async () => (await running()) === 1);
  leaves.abort();
  expect(await asked).toBe('AbortError');
  await eventually('it is gone', async () => (await running()) === 0);
  await letGo();
  const { errors } = await (await service.as(ann!))(SUGGESTIONS, { variables: representing(ann!) });
  expect(errors).toBeUndefined();
});

test('a crowd at the dearest read has two places of it, and costs other reads and changes no error', async () => {
  const people = await signUp(62);
  const [ann, bob, ...crowd] = people as [string, string, ...string[]];
  const asks = await Promise.all(crowd.map((id) => service.as(id)));
  const asAnn = await service.as(ann);
  const letGo = await holdUp();
  const answers = Promise.all(crowd.map((id, at) => asks[at]!(SUGGESTIONS, { variables: representing(id) })));
  await eventually('its places are taken', async () => (await running()) === 2);
  const others = await Promise.all([
    asAnn('{ friendListChanges { cursor } }'),
    asAnn(`{ friend(userId: "${bob}") { remark } }`),
    asAnn(
      'query ($of: [_Any!]!) { _entities(representations: $of) { ... on User { friendRequests { totalCount } } } }',
      { variables: representing(ann) },
    ),
  ]);
  expect(others.flatMap(codesOf)).toEqual([]);
  await letGo();
  const codes = (await answers).flatMap(codesOf);
  // Two have run, forty were queued; those that the lock held up for too long were refused too.
  expect(codes.length).toBeGreaterThanOrEqual(60 - 42);
  expect(new Set(codes)).toEqual(new Set(['SERVICE_UNAVAILABLE']));
});

test('a crowd at any read that is held up costs other reads no error', async () => {
  const [ann, bob, ...crowd] = (await signUp(42)) as [string, string, ...string[]];
  const asks = await Promise.all(crowd.map((id) => service.as(id)));
  const asAnn = await service.as(ann);
  const letGo = await holdUp();
  const held =
    'query ($of: [_Any!]!) { _entities(representations: $of) { ... on User { mutualFriends { totalCount: edges { cursor } } } } }';
  const answers = Promise.all(asks.map((ask) => ask(held, { variables: representing(bob) })));
  await eventually('its places are taken', async () => {
    const { rows } = await service.pool.query(
      `SELECT FROM pg_stat_activity WHERE application_name = 'kith-friend-reads' AND wait_event_type = 'Lock'`,
    );
    return rows.length > 0;
  });
  const requests =
    'query ($of: [_Any!]!) { _entities(representations: $of) { ... on User { friendRequests { totalCount } } } }';
  for (let n = 0; n < 5; n += 1) {
    expect(codesOf(await asAnn(requests, { variables: representing(ann) }))).toEqual([]);
    expect(codesOf(await asAnn('{ friendListChanges { cursor } }'))).toEqual([]);
  }
  await letGo();
  await answers;
});
