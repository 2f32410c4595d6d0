import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, type PostgresNode } from '@kith/local-servers';
import type { Random } from '../people/seeded-random.ts';
import type { ClusterForTest } from '../system/start-cluster-for-test.ts';
import { type ClusterFault, WHOLE_AGAIN } from './cluster-fault.ts';

const CUT_ALL = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE pid <> pg_backend_pid() AND datname LIKE 'kith%'`;

/** Every fault of Postgres: the failover brings back what was killed. */
export function faultsOfPostgres({ servers, ways }: ClusterForTest, random: Random): readonly ClusterFault[] {
  const { postgres, failover } = servers;
  const whole = () =>
    eventually('the standby may be promoted', () => failover.canPromote, WHOLE_AGAIN).then(() => undefined);
  const replaced = (primary: PostgresNode) =>
    eventually('another is the primary', () => postgres.primary !== primary, WHOLE_AGAIN);
  return [
    {
      name: 'Postgres primary killed',
      part: 'Postgres',
      judgedAlone: true,
      async break() {
        await whole();
        await postgres.primary.kill();
        return whole;
      },
    },
    {
      name: 'Postgres primary frozen',
      part: 'Postgres',
      async break() {
        await whole();
        const { primary } = postgres;
        primary.pause();
        await replaced(primary);
        return whole;
      },
    },
    {
      name: 'Postgres standby killed',
      part: 'Postgres',
      async break() {
        await postgres.standby.kill();
        return whole;
      },
    },
    {
      name: 'Postgres standby frozen',
      part: 'Postgres',
      async break() {
        const { standby } = postgres;
        standby.pause();
        await delay(random.between(500, 5_000));
        standby.resume();
        return whole;
      },
    },
    {
      name: 'Postgres standby lost its disk',
      part: 'Postgres',
      async break() {
        const { standby } = postgres;
        await standby.kill();
        await rm(standby.dataFolder, { recursive: true, force: true });
        return whole;
      },
    },
    {
      name: 'Postgres primary cut off',
      part: 'Postgres',
      async break() {
        const { name } = postgres.primary;
        ways.cutOff(name);
        await delay(random.between(500, 4_000));
        ways.join(name);
      },
    },
    {
      name: 'Postgres sessions cut',
      part: 'Postgres',
      async break() {
        await postgres.primary.tell(CUT_ALL);
      },
    },
  ];
}
