import { askWhetherReady, eventually, startPostgresPair } from '@kith/local-servers';
import { migrate } from '@kith/migrations';
import { afterAll, expect, test } from 'vitest';
import { accountOperations } from '../testing/account-operations.ts';
import { startUserServiceForTests } from '../testing/start-user-service-for-tests.ts';

const pair = await startPostgresPair({ durable: false });
await migrate(pair.primary.url('kith_user'), 'user');
const service = await startUserServiceForTests({
  USER_DATABASE_URL: pair.primary.url('kith_user'),
  USER_DATABASE_READ_URL: pair.standby.url('kith_user'),
  // So long that a paused replica still counts: what is not read there has another reason.
  READ_REPLICA_LAG_MS: '60000',
});
const { newUser, updateProfile } = accountOperations(service);
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await pair.stop();
});

const SEARCH = 'query ($text: String!) { searchUsers(text: $text) { edges { node { nickname } } } }';
async function search(accessToken: string, text: string): Promise<string[]> {
  const { data, codes } = await service.graphql(SEARCH, { text }, accessToken);
  expect(codes).toEqual([]);
  return data.searchUsers.edges.map(({ node }: { node: { nickname: string } }) => node.nickname);
}

test('whoever has changed their name finds it at once; others, who search the replica, find it later', async () => {
  const [ann, bob] = [await newUser('ann_r', 'Quartz'), await newUser('bob_r', 'Basalt')];
  await eventually('the replica is fresh', async () => {
    await updateProfile({ avatarUrl: null, nickname: 'Basalt' }, bob.accessToken);
    await newUser(`beside_${Date.now() % 1e6}`);
    return (await askWhetherReady(service.url)).missing.length === 0;
  });
  await eventually('the replica has all', async () => {
    const [row] = await pair.primary.tell(
      'SELECT replay_lsn = pg_current_wal_lsn() AS all_there FROM pg_stat_replication',
    );
    return row?.all_there === true && (await search(bob.accessToken, 'quartz')).length === 1;
  });
  await pair.standby.tell('SELECT pg_wal_replay_pause()');
  expect((await updateProfile({ nickname: 'Obsidian' }, ann.accessToken)).codes).toEqual([]);
  expect(await search(ann.accessToken, 'obsidian')).toEqual(['Obsidian']);
  expect(await search(ann.accessToken, 'quartz')).toEqual([]);
  expect(await search(bob.accessToken, 'quartz')).toEqual(['Quartz']);
  expect(await search(bob.accessToken, 'obsidian')).toEqual([]);

  const late = await newUser('late_r', 'Feldspar');
  expect(await search(late.accessToken, 'feldspar')).toEqual(['Feldspar']);
  await pair.standby.tell('SELECT pg_wal_replay_resume()');
  await eventually('others find it', async () => (await search(bob.accessToken, 'obsidian')).length === 1);
  expect(await search(bob.accessToken, 'quartz')).toEqual([]);
});
