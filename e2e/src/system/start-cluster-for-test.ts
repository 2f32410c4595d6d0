import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClusterSystem, startClusterSystem } from '@kith/local';
import { type FriendDatabase, openFriendDatabase } from '../lists/friend-list-in-postgres.ts';
import { makeWays, type Ways } from './ways.ts';

export type ClusterForTest = ClusterSystem & {
  /** Between NATS servers, to NATS and Postgres from whoever uses them, and from the load balancer to the gateways. */
  readonly ways: Ways;
  readonly kithData: string;
  readonly gatewayUrls: readonly string[];
  readonly friendDatabase: FriendDatabase;
};

/** A whole system on clusters in a private folder, which `stop()` removes. KEEP_KITH_DATA=1 keeps it, logs and all. */
export async function startClusterForTest(
  options: Omit<Parameters<typeof startClusterSystem>[0], 'kithData'>,
): Promise<ClusterForTest> {
  const kithData = await mkdtemp(join(tmpdir(), 'kith-cluster-'));
  const ways = makeWays();
  const system = await startClusterSystem({ kithData, way: ways.make, ...options }).catch(async (error) => {
    await ways.stop();
    throw error;
  });
  const friendDatabase = openFriendDatabase(system.operatorDatabaseUrl('friend'));
  return {
    ...system,
    // Whichever server is the primary.
    userDatabaseUrl: system.operatorDatabaseUrl('user'),
    friendDatabaseUrl: system.operatorDatabaseUrl('friend'),
    kithData,
    ways,
    gatewayUrls: [system.haproxy.url],
    friendDatabase,
    async stop() {
      await friendDatabase.close();
      await system.stop();
      await ways.stop();
      if (process.env.KEEP_KITH_DATA) process.stdout.write(`kept ${kithData}\n`);
      else await rm(kithData, { recursive: true, force: true });
    },
  };
}
