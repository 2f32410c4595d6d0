import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@kith/local-servers';
import type { Follower } from '../lists/follow-list.ts';
import type { Random } from '../people/seeded-random.ts';
import type { ClusterForTest } from '../system/start-cluster-for-test.ts';
import type { ClusterFault } from './cluster-fault.ts';

interface Supervised {
  readonly name: string;
  start(): Promise<void>;
}

/**
 * A supervisor: a process that ends because it could not start is started again, as Kubernetes does it.
 *
 * @param onFailed is told of each start that failed
 */
export async function supervised(process: Supervised, onFailed: (what: string) => void = () => {}): Promise<void> {
  await eventually(`${process.name} runs again`, async () => {
    try {
      await process.start();
      return true;
    } catch (error) {
      onFailed(`${process.name} did not start: ${(error as Error).message}`);
      throw error;
    }
  });
}

/** Every fault of Kith's own processes, of the load balancer and of clients. */
export function faultsOfProcesses(
  { replicas, gateways, haproxy, ways }: ClusterForTest,
  followers: readonly Pick<Follower, 'cut'>[],
  random: Random,
): readonly ClusterFault[] {
  const { user = [], friend = [] } = replicas;
  const kinds = { gateway: gateways, 'friend service': friend, 'user service': user, 'load balancer': [haproxy] };
  const killed = Object.entries(kinds).map(
    ([kind, all]): ClusterFault => ({
      name: `${kind} killed`,
      part: 'processes',
      async break() {
        const process = random.pick(all);
        await process.kill();
        // There is one of it: nobody else can be asked meanwhile.
        if (all.length === 1) await supervised(process);
        return () => supervised(process);
      },
    }),
  );
  const frozen = [...gateways.slice(0, 1), ...friend.slice(0, 1)].map(
    (process, n): ClusterFault => ({
      name: `${n === 0 ? 'gateway' : 'friend service'} frozen`,
      part: 'processes',
      async break() {
        process.pause();
        await delay(random.between(500, 4_000));
        process.resume();
      },
    }),
  );
  return [
    ...killed,
    ...frozen,
    {
      name: 'gateway cut off',
      part: 'processes',
      async break() {
        const { name } = random.pick(gateways);
        ways.cutOff(name);
        await delay(random.between(500, 4_000));
        ways.join(name);
      },
    },
    {
      name: 'sockets cut',
      part: 'processes',
      async break() {
        for (const follower of followers) if (random.next() < 0.3) follower.cut();
      },
    },
    {
      name: 'all processes rolled',
      part: 'processes',
      planned: true,
      async break(found) {
        for (const process of [...user, ...friend, ...gateways]) {
          await process.stop();
          await supervised(process, found);
        }
      },
    },
  ];
}
