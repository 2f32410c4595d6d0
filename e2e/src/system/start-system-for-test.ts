import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningSystem, startSystem } from '@kith/local';
import { type FriendDatabase, openFriendDatabase } from '../lists/friend-list-in-postgres.ts';

export type SystemForTest = RunningSystem & {
  readonly kithData: string;
  readonly gatewayUrls: readonly string[];
  readonly friendDatabase: FriendDatabase;
};

/** Gateways that take a busy machine for no error: for a test of what is refused for other reasons. */
export const PATIENT_GATEWAYS = {
  ...{ SUBGRAPH_TIMEOUT_MS: '15000', OPERATION_TIMEOUT_MS: '20000' },
  ...{ LOOP_DELAY_AT_MOST_MS: '15000', OPERATION_WAITS_AT_MOST_MS: '15000' },
};

/** Names, in a run of tests, the file with the supergraph that was composed for all of them. */
export const COMPOSED_SUPERGRAPH = 'KITH_COMPOSED_SUPERGRAPH';

/** Set to 1 by `test --pooler`: a pooler in transaction mode is between the processes and Postgres. */
const TEST_THROUGH_POOLER = 'TEST_THROUGH_POOLER';

/** A whole system in a private folder, which `stop()` removes. KEEP_KITH_DATA=1 keeps it, logs and all, to look into. */
export async function startSystemForTest(
  options: Omit<Parameters<typeof startSystem>[0], 'kithData'> = {},
): Promise<SystemForTest> {
  const kithData = await mkdtemp(join(tmpdir(), 'kith-e2e-'));
  const composed = process.env[COMPOSED_SUPERGRAPH];
  const supergraph = composed ? { supergraph: await readFile(composed, 'utf8') } : {};
  const throughPooler = process.env[TEST_THROUGH_POOLER] === '1';
  const system = await startSystem({ kithData, gateways: 2, throughPooler, ...supergraph, ...options });
  const friendDatabase = openFriendDatabase(system.friendDatabaseUrl);
  return {
    ...system,
    kithData,
    gatewayUrls: system.gateways.map(({ url }) => url),
    friendDatabase,
    async stop() {
      await friendDatabase.close();
      await system.stop();
      if (process.env.KEEP_KITH_DATA) process.stdout.write(`kept ${kithData}\n`);
      else await rm(kithData, { recursive: true, force: true });
    },
  };
}
