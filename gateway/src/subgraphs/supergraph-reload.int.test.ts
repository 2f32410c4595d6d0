import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '@kith/local-servers';
import { expect, test } from 'vitest';
import { connectLiveClient } from '../testing/live-client.ts';
import { composeNeighbours } from '../testing/neighbours-schemas.ts';
import { withTestGateway } from '../testing/with-test-gateway.ts';

const { around, gateway, startAnother } = await withTestGateway();

/** As deployments do: nobody sees half of it. */
async function replaceSupergraph(sdl: string, { supergraphFile } = gateway): Promise<void> {
  await writeFile(`${supergraphFile}.new`, sdl);
  await rename(`${supergraphFile}.new`, supergraphFile);
}

/** The supergraph without `User.username`. */
const withoutUsernames = () => around.supergraphSdl.replace(/^\s*username: String!.*$/m, '');

async function codesOf(query: string, { graphql } = gateway): Promise<unknown[]> {
  const response = await fetch(graphql, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const { errors = [] } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
  return errors.map(({ extensions }) => extensions.code);
}

/** One in which nothing can be joined to a user: what the friend service has of one is out of reach. */
const withoutJoins = () => around.supergraphSdl.replace(/key: "id"(?!, resolvable)/g, 'key: "id", resolvable: false');

/** The friend service takes an interface for a type: what is asked of it has to be written in another way. */
const withAnInterfaceObject = () =>
  composeNeighbours({
    user: `extend type Query { medium: Medium }
      interface Medium @key(fields: "id") { id: ID! }
      type Book implements Medium @key(fields: "id") { id: ID! pages: Int }`,
    friend: 'type Medium @key(fields: "id") @interfaceObject { id: ID! likes: Int }',
  });

const USERNAME = '{ user(id: "ada") { username } }';
const WATCH_USERNAMES = `subscription Watch($after: String) {
  friendListChanged(after: $after) { revision ... on FriendChanged { friend { user { id username } } } }
}`;

test('a new supergraph is for new operations; what runs keeps its position, and ends if it uses what is there no more', async () => {
  const owner = randomUUID();
  const authorization = `Bearer ${await around.tokenOf(owner)}`;
  const client = connectLiveClient(gateway.graphql, { authorization });
  const [plain, joined] = [
    client.watch({ after: `${owner}:0` }),
    client.watch({ after: `${owner}:0`, query: WATCH_USERNAMES }),
  ];
  around.commit(owner, 'one');
  await eventually('both to be live', () => plain.revisions.length === 1 && joined.revisions.length === 1);
  expect(joined.changes.at(-1)?.friend?.user).toEqual({ id: 'friend-1', username: 'u-friend-1' });
  expect(await codesOf(USERNAME)).toEqual([]);

  await replaceSupergraph(withoutUsernames());
  await eventually('the new one, without being told', async () => (await codesOf(USERNAME)).includes('BAD_USER_INPUT'));
  await eventually('the end', () => joined.ended);
  for (const remark of ['two', 'three']) around.commit(owner, remark);
  await eventually('the changes', () => plain.revisions.at(-1) === 3);
  expect([plain.revisions, joined.revisions]).toEqual([[1, 2, 3], [1]]);
  expect(joined.errors).toMatchObject([
    {
      message: 'The schema has changed: Cannot query field "username" on type "User". Subscribe again without that.',
      extensions: { code: 'BAD_USER_INPUT' },
    },
  ]);
  const refused = client.watch({ query: WATCH_USERNAMES });
  await eventually('the refusal', () => refused.ended);
  expect(refused.errors[0]?.extensions?.code).toBe('BAD_USER_INPUT');
  expect([...client.closes, ...plain.errors]).toEqual([]);
  await client.stop();

  await replaceSupergraph(around.supergraphSdl);
  await gateway.reloadSupergraph();
  expect(await codesOf(USERNAME)).toEqual([]);
});

test('a field that an announcement has ends those whose frames are written straight to their sockets, too', async () => {
  const owner = randomUUID();
  const client = connectLiveClient(gateway.graphql, { authorization: `Bearer ${await around.tokenOf(owner)}` });
  const query = (of: string) =>
    `subscription { friendListChanged { revision ... on FriendChanged { friend { ${of} } } } }`;
  const [remarks, ids] = [client.watch({ query: query('remark') }), client.watch({ query: query('user { id }') })];
  await eventually('both snapshots', () => remarks.changes.length > 0 && ids.changes.length > 0);
  await replaceSupergraph(around.supergraphSdl.replace(/^\s*remark: String.*$/m, ''));
  await gateway.reloadSupergraph();
  await eventually('the end', () => remarks.ended);
  expect(remarks.errors.map(({ extensions }) => extensions?.code)).toEqual(['BAD_USER_INPUT']);
  around.commit(owner, 'one');
  await eventually('the change for the other', () => ids.revisions.at(-1) === 1);
  expect([...ids.errors, ...client.closes]).toEqual([]);
  await client.stop();
  await replaceSupergraph(around.supergraphSdl);
  await gateway.reloadSupergraph();
});

test.each([
  ['no schema at all', () => 'half a fi'],
  [
    'of a service the gateway does not know',
    () => around.supergraphSdl.replaceAll('FRIEND', 'ENEMY').replaceAll('"friend"', '"enemy"'),
  ],
  [
    'of a subscription that is no live list',
    () => around.supergraphSdl.replace(/^(type Subscription[^{]*{)/m, '$1 somethingElse: FriendListChange!'),
  ],
  [
    'of a live list that cannot work',
    () => around.supergraphSdl.replace('changes: "friendListChanges"', 'changes: "noSuchQuery"'),
  ],
  ['more than the planner can plan', () => withoutJoins()],
])('a supergraph that is %s is refused with one line, and the one before stays', async (_what, bad) => {
  const logged = gateway.logged.length;
  await replaceSupergraph(bad());
  await gateway.reloadSupergraph();
  await gateway.reloadSupergraph();
  expect(await codesOf(USERNAME)).toEqual([]);
  const lines = gateway.logged.slice(logged).map((line) => JSON.parse(line));
  expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
    [expect.anything(), 'the new supergraph cannot be used: the one before stays'],
  ]);
  await replaceSupergraph(around.supergraphSdl);
  await gateway.reloadSupergraph();
  expect(await codesOf(USERNAME)).toEqual([]);
});

test('a supergraph whose plans rewrite what is asked for is taken up', async () => {
  const logged = gateway.logged.length;
  await replaceSupergraph(withAnInterfaceObject());
  await gateway.reloadSupergraph();
  expect(gateway.logged.slice(logged)).toEqual([]);
  await replaceSupergraph(around.supergraphSdl);
  await gateway.reloadSupergraph();
});

test('a supergraph of which some field has no plan is served but for that at the start, with none before', async () => {
  const other = await startAnother({}, { ...around, supergraphSdl: withoutJoins() });
  expect(await codesOf('{ user(id: "ada") { id username } }', other)).toEqual([]);
  expect(await codesOf('{ user(id: "ada") { friendCount } }', other)).toEqual(['BAD_USER_INPUT']);
});

test('what a reload adds and has no plan is refused to clients alone, and what had a plan keeps it', async () => {
  const logged = gateway.logged.length;
  const added = composeNeighbours({
    user: 'extend type Query { thing: Thing } extend type User { thing: Thing } type Thing @key(fields: "id") { id: ID! }',
    friend: 'type Thing @key(fields: "id") { id: ID! likes: Int }',
  });
  // Nothing leads to what the friend service has of a thing: neither from the new field of the root nor from an old one.
  await replaceSupergraph(
    added.replace(/type Thing[^{]*/, (of) => of.replaceAll('key: "id"', 'key: "id", resolvable: false')),
  );
  await gateway.reloadSupergraph();
  expect(gateway.logged.slice(logged)).toEqual([]);
  expect(await codesOf('{ thing { likes } }')).toEqual(['BAD_USER_INPUT']);
  expect(await codesOf('{ user(id: "ada") { thing { likes } } }')).toEqual(['BAD_USER_INPUT']);
  expect(await codesOf(USERNAME)).toEqual([]);

  // The next one must still have a plan of what had one before.
  await replaceSupergraph(withoutJoins());
  await gateway.reloadSupergraph();
  expect(JSON.parse(gateway.logged.at(-1) ?? '').msg).toBe('the new supergraph cannot be used: the one before stays');
  expect(await codesOf(USERNAME)).toEqual([]);
  await replaceSupergraph(around.supergraphSdl);
  await gateway.reloadSupergraph();
  expect(await codesOf('{ thing { id } }')).toEqual(['BAD_USER_INPUT']);
});

test('a supergraph without a subscription is served', async () => {
  const without = around.supergraphSdl
    .replace(/type Subscription[\s\S]*?\n}/, '')
    .replace(/^\s*subscription: Subscription.*$/m, '');
  const logged = gateway.logged.length;
  await replaceSupergraph(without);
  await gateway.reloadSupergraph();
  expect(gateway.logged.slice(logged)).toEqual([]);
  expect(await codesOf(USERNAME)).toEqual([]);
  expect(await codesOf('subscription { friendListChanged { revision } }')).toEqual(['BAD_USER_INPUT']);
  await replaceSupergraph(around.supergraphSdl);
  await gateway.reloadSupergraph();
});

test('a supergraph on which a trusted document cannot be planned is refused with one line, and the one before stays', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kith-documents-'));
  const manifest = join(folder, 'documents.json');
  // It fits the second supergraph alone, and there the planner has a fault with it.
  const trusted = '{ user(id: "ada") { aborts: username } }';
  await writeFile(manifest, JSON.stringify({ [createHash('sha256').update(trusted).digest('hex')]: trusted }));
  const other = await startAnother(
    {
      plannerProgram: fileURLToPath(new URL('../planner/testing/planner-with-faults.ts', import.meta.url)),
      env: { TRUSTED_DOCUMENTS: 'prefer', TRUSTED_DOCUMENTS_FILE: manifest },
    },
    { ...around, supergraphSdl: withoutUsernames() },
  );
  await replaceSupergraph(around.supergraphSdl, other);
  await other.reloadSupergraph();
  await other.reloadSupergraph();
  expect(other.logged.map((line) => JSON.parse(line).msg)).toEqual([
    'the new supergraph cannot be used: the one before stays',
  ]);
  expect(await codesOf('{ user(id: "ada") { id } }', other)).toEqual([]);
  expect(await codesOf(USERNAME, other)).toEqual(['BAD_USER_INPUT']);
  await rm(folder, { recursive: true });
});
