import { createHash } from 'node:crypto';
import { USER_STREAM } from '@kith/event-contracts';
import { eventually } from '@kith/local-servers';
import { afterAll, expect, test } from 'vitest';
import { accountOperations } from '../testing/account-operations.ts';
import { startUserServiceForTests } from '../testing/start-user-service-for-tests.ts';

const service = await startUserServiceForTests();
afterAll(() => service[Symbol.asyncDispose]());
const { newUser, newSession } = accountOperations(service);

const password = 'imported horse';
const importUsers = async (body: object) => {
  const response = await service.operator('/operator/import-users', body);
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they asked for.
  return { status: response.status, body: (await response.json()) as any };
};

const everythingPublished = () =>
  eventually('everything is published', async () => {
    const { outbox } = (await (await service.operator('/operator/status')).json()) as {
      outbox: { unpublished: number };
    };
    return outbox.unpublished === 0;
  });

async function reconcile() {
  const text = await (await service.operator('/operator/reconcile')).text();
  const lines = text.trimEnd().split('\n');
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they asked for.
  const parsed = lines.map((line) => JSON.parse(line) as any);
  return { differences: parsed.flatMap(({ difference }) => difference ?? []), result: parsed.at(-1)?.result };
}

test('the operator’s endpoints are the operator’s', async () => {
  for (const path of ['/operator/status', '/operator/reconcile']) {
    expect((await fetch(`${service.url}${path}`)).status).toBe(401);
  }
});

test('an import makes who is missing, leaves who is there, and may be repeated', async () => {
  const { user } = await newUser('existing', 'Was Here');
  const first = await importUsers({ usernames: ['n1', 'existing', 'N2', 'n2'], password });
  expect(first.body).toEqual({
    created: 2,
    users: [
      { username: 'n1', id: expect.stringMatching(/^[0-9a-f-]{14}7/) },
      { username: 'existing', id: user.id },
      { username: 'n2', id: expect.any(String) },
    ],
  });
  const again = await importUsers({ usernames: ['n1', 'existing', 'n2'], password: 'another horse' });
  expect(again.body).toEqual({ created: 0, users: first.body.users });

  const { rows } = await service.sql.query('SELECT nickname FROM users ORDER BY username');
  expect(rows.map(({ nickname }) => nickname)).toEqual(['Was Here', 'n1', 'N2']);
  const events = await service.sql.query("SELECT payload ->> 'username' AS name FROM outbox ORDER BY id");
  expect(events.rows.map(({ name }) => name)).toEqual(['existing', 'n1', 'n2']);
  expect((await newSession('n1', password)).user.username).toBe('n1');
});

test('two imports of the same names at once make each once', async () => {
  const usernames = Array.from({ length: 200 }, (_, n) => `twin_${n}`);
  const [one, other] = await Promise.all([
    importUsers({ usernames, password }),
    importUsers({ usernames: usernames.toReversed(), password }),
  ]);
  expect(one!.body.created + other!.body.created).toBe(200);
  expect(new Map(one!.body.users.map(Object.values))).toEqual(new Map(other!.body.users.map(Object.values)));
});

test.each([
  [{ usernames: [], password }, 'usernames'],
  [{ usernames: Array(1001).fill('x'), password }, 'usernames'],
  [{ usernames: ['a-b'], password }, 'username'],
  [{ usernames: ['abc'], nicknames: [], password }, 'nicknames'],
  [{ usernames: ['abc'], nicknames: ['\u0000'], password }, 'nickname'],
  [{ usernames: ['never_made'], password: 'short' }, 'password'],
  [{ usernames: ['never_made'] }, 'password'],
])('an import of %.60o is refused', async (body, field) => {
  const { status, body: answer } = await importUsers(body);
  expect([status, answer.errors[0].extensions]).toEqual([
    400,
    expect.objectContaining({ code: 'BAD_USER_INPUT', field }),
  ]);
});

test('the status says how far the outbox is, and what the streams hold', async () => {
  await everythingPublished();
  const status = await (await service.operator('/operator/status')).json();
  expect(status).toMatchObject({
    service: 'user',
    connected: true,
    outbox: { unpublished: 0, oldestAgeMs: 0 },
    streams: expect.arrayContaining([expect.objectContaining({ name: USER_STREAM.name })]),
  });
});

test('outbox and stream agree, and each difference between them is found', async () => {
  await newUser('reconciled');
  await everythingPublished();
  const { differences, result } = await reconcile();
  expect(differences).toEqual([]);
  const { rows: counted } = await service.sql.query('SELECT count(*)::int AS total FROM outbox');
  expect(result).toEqual({ checked: { stream: counted[0]!.total }, differences: 0 });

  let last: { sequence: number; subject: string } | undefined;
  for await (const message of service.broker.stored(USER_STREAM)) last = message;
  await service.broker.deleteStored(USER_STREAM, last!.sequence);
  await service.broker.publish([{ id: crypto.randomUUID(), subject: 'user.registered.ghost', payload: '{}' }]);
  await service.sql.query(
    `INSERT INTO outbox (event_id, owner_id, revision, type, subject, payload, occurred_at, published_at)
     VALUES (gen_random_uuid(), 'lost', 1, 'kith.test.v1', 'user.test.lost', '{}', now(), now())`,
  );
  const owner = last!.subject.split('.').at(-1);
  const strange = { check: 'stream', eventId: expect.any(String) };
  const missing = { ...strange, revision: 1 };
  expect((await reconcile()).differences).toEqual([
    { ...missing, owner, detail: `published as number ${last!.sequence}, but not in the stream` },
    { ...missing, owner: 'lost', detail: 'published as number ?, but not in the stream' },
    { ...strange, owner: 'ghost', detail: expect.stringMatching(/as number \d+, but not in the outbox/) },
  ]);
});

test('services read profiles without a viewer, page by page, the deleted ones too', async () => {
  const { body } = await importUsers({ usernames: ['page_a', 'page_b', 'page_c'], password });
  const [a, , c] = body.users as { id: string }[];
  await service.sql.query(
    `UPDATE users SET username = NULL, nickname = '', password_hash = NULL, deleted_at = now(), version = 2 WHERE id = $1`,
    [c!.id],
  );
  const fields = 'userId username nickname avatarUrl friendPolicy version deleted';
  const byId = await service.graphql(`query ($ids: [ID!]!) { profiles(ids: $ids) { ${fields} } }`, {
    ids: [a!.id, '01970000-0000-7000-8000-000000000000', c!.id],
  });
  const profile = { avatarUrl: null, friendPolicy: 'APPROVAL' };
  expect(byId.data.profiles).toHaveLength(2);
  expect(byId.data.profiles).toEqual(
    expect.arrayContaining([
      { ...profile, userId: a!.id, username: 'page_a', nickname: 'page_a', version: 1, deleted: false },
      { ...profile, userId: c!.id, username: '', nickname: '', version: 2, deleted: true },
    ]),
  );

  const PAGE = 'query ($after: ID) { profilePage(first: 2, after: $after) { userId } }';
  const seen: string[] = [];
  for (let after: string | null = null; ; after = seen.at(-1)!) {
    const page: { userId: string }[] = (await service.graphql(PAGE, { after })).data.profilePage;
    seen.push(...page.map(({ userId }) => userId));
    if (page.length < 2) break;
  }
  const { rows } = await service.sql.query('SELECT id FROM users ORDER BY id');
  expect(seen).toEqual(rows.map(({ id }) => id));
});

test('a digest of a range is that of its profiles as JSON, without those that are deleted', async () => {
  const { body } = await importUsers({
    usernames: ['digest_a', 'digest_b', 'digest_c'],
    nicknames: ['A "quoted" \\ é𝄞', 'B', 'C'],
    password,
  });
  const gone = (body.users as { id: string }[])[1]!.id;
  await service.sql.query(
    "UPDATE users SET username = NULL, nickname = '', password_hash = NULL, deleted_at = now(), version = 2 WHERE id = $1",
    [gone],
  );
  const fields = 'userId username nickname avatarUrl friendPolicy version deleted';
  const DIGEST = 'query ($after: ID) { profileDigest(first: 2, after: $after) { last profiles digest } }';
  const PAGE = `query ($after: ID) { profilePage(first: 2, after: $after) { ${fields} } }`;
  let [seen, after] = [0, null as string | null];
  do {
    const page: { userId: string; deleted: boolean }[] = (await service.graphql(PAGE, { after })).data.profilePage;
    const lines = page.filter(({ deleted }) => !deleted).map(({ deleted: _, ...kept }) => JSON.stringify(kept));
    const { last, profiles, digest } = (await service.graphql(DIGEST, { after })).data.profileDigest;
    expect(profiles).toBe(page.length);
    expect(digest).toBe(lines.length === 0 ? '' : createHash('sha256').update(lines.join('\n')).digest('hex'));
    expect(last).toBe(page.length < 2 ? null : page.at(-1)!.userId);
    seen += profiles;
    after = last;
  } while (after !== null);
  const { rows } = await service.sql.query('SELECT count(*)::int AS people FROM users');
  expect(seen).toBe(rows[0]!.people);
});

test.each([
  ['{ profiles(ids: ["x"]) { userId } }', 'ids'],
  ['{ profilePage(first: 1001) { userId } }', 'first'],
  ['{ profilePage(first: 1, after: "x") { userId } }', 'after'],
  ['{ profileDigest(first: 10001) { digest } }', 'first'],
  ['{ profileDigest(first: 1, after: "x") { digest } }', 'after'],
])('%s is refused', async (query, field) => {
  expect((await service.graphql(query)).errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field });
});
