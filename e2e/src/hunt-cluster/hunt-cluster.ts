import { totalmem } from 'node:os';
import { type HuntOptions, type HuntOutcome, huntWhile } from '../hunt/hunt-holes.ts';
import type { ClusterForTest } from '../system/start-cluster-for-test.ts';
import { breakCluster, type ClusterFaultDone } from './break-cluster.ts';
import { faultsOfNats } from './break-nats.ts';
import { faultsOfPostgres } from './break-postgres.ts';
import { faultsOfProcesses } from './break-processes.ts';
import { faultsOfRedis } from './break-redis.ts';

export interface ClusterHuntReport extends HuntOutcome {
  readonly options: HuntOptions;
  readonly faults: readonly ClusterFaultDone[];
  /** The names of all that were to be made. */
  readonly kinds: readonly string[];
}

const GIB = 1024 ** 3;
const NEEDED_GIB = 6;

/** Why a whole cluster is not started on this machine; undefined where it is. */
export function whyNoCluster(bytes = totalmem()): string | undefined {
  if (bytes >= NEEDED_GIB * GIB) return undefined;
  return `A cluster on one machine wants ${NEEDED_GIB} GB of memory, and this has ${(bytes / GIB).toFixed(1)}: it is not hunted.`;
}

/**
 * Chaos engineering on a cluster: kills, freezes, cuts off and restarts any node of anything, alone and overlapping,
 * while lists change, and holds every client to the promise. Throws when it was not kept.
 *
 * @param options `eachOnce`: goes on until every kind of fault was made; `only`: faults whose name contains this
 */
export async function huntCluster(
  system: ClusterForTest,
  options: HuntOptions & {
    readonly eachOnce: boolean;
    readonly only?: string;
    readonly say: (line: string) => void;
  },
): Promise<ClusterHuntReport> {
  const { result, outcome } = await huntWhile(system, options, async (hunt) => {
    const followers = hunt.clients.map(({ follower }) => follower);
    const nats = await faultsOfNats(system, hunt.random.branch());
    const all = [
      ...nats.faults,
      ...faultsOfRedis(system, hunt.owners, hunt.random.branch()),
      ...faultsOfPostgres(system, hunt.random.branch()),
      ...faultsOfProcesses(system, followers, hunt.random.branch()),
    ];
    const faults = all.filter(({ name }) => name.includes(options.only ?? ''));
    if (faults.length === 0)
      throw new Error(`There is no fault "${options.only}": ${all.map(({ name }) => name).join(', ')}.`);
    const kinds = faults.map(({ name }) => name);
    return { kinds, faults: await breakCluster(system, hunt, faults, options).finally(() => nats.stop()) };
  });
  return { options, ...result, ...outcome };
}
