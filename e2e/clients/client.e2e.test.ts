import { createKithClient, type KeyValueStore, KithApiError, type KithClient, memoryStore } from '@kith/client';
import { eventually } from '@kith/local-servers';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { PASSWORD } from '../src/people/person.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

let system: SystemForTest;
const clients: KithClient[] = [];

// Tokens so short that they run out while a test watches.
const TOKEN_TTL_S = 13;

beforeAll(async () => {
  system = await startSystemForTest({ gateways: 1, env: { ACCESS_TOKEN_TTL_S: String(TOKEN_TTL_S) } });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.stop();
});
afterAll(() => system?.stop());

function openClient(store?: KeyValueStore): KithClient {
  const client = createKithClient({ url: `${system.gatewayUrls[0]}/graphql`, ...(store ? { store } : {}) });
  clients.push(client);
  return client;
}

let people = 0;
async function newPerson(nickname: string, store?: KeyValueStore): Promise<KithClient> {
  people += 1;
  const client = openClient(store);
  await client.session.signUp({ username: `${nickname.toLowerCase()}_${people}`, password: PASSWORD, nickname });
  return client;
}

const idOf = (client: KithClient) => client.session.getSnapshot()!.user.id;
const namesIn = (client: KithClient) => client.friends.getSnapshot().friends.map(({ displayName }) => displayName);
const whenLive = (client: KithClient) =>
  eventually('the list is live', () => client.friends.getSnapshot().state === 'live');

async function befriend(one: KithClient, other: KithClient): Promise<void> {
  const ask = 'mutation ($id: ID!) { addFriend(input: { userId: $id }) { listCursor } }';
  await one.request(ask, { id: idOf(other) });
  await other.request(ask, { id: idOf(one) });
}

/** Watches as an interface would; gives back every set of names that was there to be drawn. */
function watch(client: KithClient): string[][] {
  const drawn: string[][] = [];
  client.friends.subscribe(() => drawn.push(namesIn(client)));
  return drawn;
}

test('the list at the client is in the order of the API: numbers, accents, emoji and all', async () => {
  const ann = await newPerson('Order');
  watch(ann);
  const names = ['10', '2', 'Ångström', 'angel', 'ﬀ', 'Zoë', '李', '\ufffd', '😀', 'O’Neil', 'onion'];
  for (const remark of names) {
    const friend = await newPerson('Listed');
    await befriend(ann, friend);
    await eventually('the friend is listed', () =>
      ann.friends.getSnapshot().friends.some(({ user }) => user.id === idOf(friend)),
    );
    await ann.friends.update(idOf(friend), { remark, pinned: remark === 'onion' });
  }
  await eventually('every name is there', () => names.every((name) => namesIn(ann).includes(name)));
  const query = '{ me { friends(first: 100, orderBy: NAME) { edges { node { displayName } } } } }';
  const { me } = await ann.request<{ me: { friends: { edges: { node: { displayName: string } }[] } } }>(query);
  expect(namesIn(ann)).toEqual(me.friends.edges.map(({ node }) => node.displayName));
});

test('a list stays live through a gateway that is killed, and misses nothing that happened meanwhile', async () => {
  const [ann, bob] = [await newPerson('Ann'), await newPerson('Bob')];
  watch(ann);
  await befriend(ann, bob);
  await eventually('Ann sees Bob', () => namesIn(ann).includes('Bob'));
  await whenLive(ann);
  const revisions: number[] = [];
  ann.friends.onChange(({ revision }) => revisions.push(revision));
  const before = ann.friends.getSnapshot().revision;

  await system.gateways[0]!.kill();
  await eventually('the client is offline', () => ann.friends.getSnapshot().state === 'offline');
  expect(namesIn(ann)).toEqual(['Bob']);
  await system.gateways[0]!.start();
  for (const nickname of ['Bobby', 'Robert', 'Rob']) {
    await bob.request(
      'mutation ($nickname: String!) { updateProfile(input: { nickname: $nickname }) { user { id } } }',
      {
        nickname,
      },
    );
  }
  await eventually('Ann has the last name', () => namesIn(ann).includes('Rob'));
  expect(revisions).toEqual([before + 1, before + 2, before + 3]);
});

test('an edit is drawn at once and never flickers back; one that the server refuses is taken back', async () => {
  const [ann, bob] = [await newPerson('Ann'), await newPerson('Bob')];
  await befriend(ann, bob);
  const drawn = watch(ann);
  await eventually('Ann sees Bob', () => namesIn(ann).includes('Bob'));
  await whenLive(ann);
  drawn.length = 0;

  const saved = ann.friends.update(idOf(bob), { remark: 'Bobby' });
  expect(namesIn(ann)).toEqual(['Bobby']);
  await saved;
  const { revision } = ann.friends.getSnapshot();
  await eventually('the change itself has come', () => ann.friends.getSnapshot().friends[0]?.remark === 'Bobby');
  await ann.friends.update(idOf(bob), { pinned: true });
  await eventually('the next one too', () => ann.friends.getSnapshot().revision > revision);
  expect(drawn.flat().every((name) => name === 'Bobby')).toBe(true);

  const refused = ann.friends.update(idOf(bob), { remark: 'x'.repeat(65) });
  expect(namesIn(ann)[0]).toHaveLength(65);
  await expect(refused).rejects.toMatchObject({ code: 'BAD_USER_INPUT', extensions: { field: 'remark', limit: 64 } });
  await expect(refused).rejects.toBeInstanceOf(KithApiError);
  expect(namesIn(ann)).toEqual(['Bobby']);
});

test('a second visit shows the saved list at once and resumes from its cursor', async () => {
  const store = memoryStore();
  const ann = await newPerson('Ann', store);
  const bob = await newPerson('Bob');
  watch(ann);
  await befriend(ann, bob);
  await eventually('Ann sees Bob', () => namesIn(ann).includes('Bob'));
  await eventually('the list is saved', async () => ((await store.get('kith.friend-list')) ?? '').includes('Bob'));
  ann.stop();
  await bob.request('mutation { updateProfile(input: { nickname: "Robert" }) { user { id } } }');

  const again = openClient(store);
  const kinds: string[] = [];
  again.friends.onChange(({ __typename }) => kinds.push(__typename));
  const drawn = watch(again);
  await eventually('the change came', () => namesIn(again).includes('Robert'));
  expect(drawn.flat()).toContain('Bob');
  expect(kinds).toEqual(['FriendChanged']);
});

test('a token that runs out closes the socket, and the list goes on with a fresh one', async () => {
  const [ann, bob] = [await newPerson('Ann'), await newPerson('Bob')];
  await befriend(ann, bob);
  watch(ann);
  await whenLive(ann);
  const token = await ann.session.accessToken();
  const states: string[] = [];
  const leave = ann.friends.subscribe(() => states.push(ann.friends.getSnapshot().state));
  await eventually('the socket was closed', () => states.includes('offline'));
  leave();
  await whenLive(ann);
  expect(await ann.session.accessToken()).not.toBe(token);
  await bob.request('mutation { updateProfile(input: { nickname: "Robert" }) { user { id } } }');
  await eventually('Ann sees the change', () => namesIn(ann).includes('Robert'));
});

test('signing out ends the list here, and another person starts with their own', async () => {
  const store = memoryStore();
  const ann = await newPerson('Ann', store);
  const bob = await newPerson('Bob');
  watch(ann);
  await befriend(ann, bob);
  await eventually('Ann sees Bob', () => namesIn(ann).includes('Bob'));
  await ann.session.signOut();
  await eventually('nothing is shown', () => !ann.friends.getSnapshot().known);
  expect(namesIn(ann)).toEqual([]);
  expect(await store.get('kith.friend-list')).toBeNull();
  await ann.session.signUp({ username: `cleo_${people}`, password: PASSWORD, nickname: 'Cleo' });
  await whenLive(ann);
  expect(namesIn(ann)).toEqual([]);
});
