import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { natsOptions } from '@kith/event-delivery';
import { eventually, type NatsNode } from '@kith/local-servers';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from 'nats';
import type { Random } from '../people/seeded-random.ts';
import type { ClusterForTest } from '../system/start-cluster-for-test.ts';
import { type ClusterFault, WHOLE_AGAIN } from './cluster-fault.ts';

const STREAMS = ['USER', 'FRIEND'];

/** Every fault of the NATS cluster. */
export async function faultsOfNats(
  { servers, natsUrl }: ClusterForTest,
  random: Random,
): Promise<{ faults: readonly ClusterFault[]; stop(): Promise<void> }> {
  const { nodes } = servers.nats;
  const nc = await connect({ ...natsOptions(natsUrl), maxReconnectAttempts: -1, reconnectTimeWait: 200 });
  const jsm = await jetstreamManager(nc, { timeout: 2_000, checkAPI: false });
  const leaderOf = (stream: string): Promise<NatsNode> =>
    eventually(
      `${stream} has a leader`,
      async () => {
        const { cluster } = await jsm.streams.info(stream);
        return nodes.find(({ name, running }) => name === cluster?.leader && running);
      },
      WHOLE_AGAIN,
    );
  const isWhole = (stream: string) =>
    eventually(
      `${stream} is on all servers`,
      async () => {
        const { leader, replicas = [] } = (await jsm.streams.info(stream)).cluster ?? {};
        return leader !== undefined && replicas.length === 2 && replicas.every((one) => one.current && !one.offline);
      },
      WHOLE_AGAIN,
    );
  const bringBack = (node: NatsNode) => async () => {
    if (!node.running) await node.start();
    for (const stream of STREAMS) await isWhole(stream);
  };
  const stepDown = (subject: string) => nc.request(`$JS.API.${subject}`, '', { timeout: 5_000 });

  const faults: ClusterFault[] = [
    {
      name: 'stream leader killed',
      part: 'NATS',
      async break() {
        const leader = await leaderOf(random.pick(STREAMS));
        await leader.kill();
        return bringBack(leader);
      },
    },
    {
      name: 'stream leader frozen',
      part: 'NATS',
      async break() {
        const leader = await leaderOf('FRIEND');
        leader.pause();
        await delay(random.between(1_000, 6_000));
        leader.resume();
      },
    },
    {
      name: 'NATS server restarted',
      part: 'NATS',
      async break() {
        const node = random.pick(nodes);
        await node.stop();
        await bringBack(node)();
      },
    },
    {
      name: 'NATS server lost its disk',
      part: 'NATS',
      async break() {
        const node = random.pick(nodes);
        await node.kill();
        await rm(join(node.dataFolder, 'jetstream'), { recursive: true, force: true });
        return bringBack(node);
      },
    },
    {
      name: 'stream leaders moved',
      part: 'NATS',
      planned: true,
      async break() {
        for (const stream of STREAMS) await stepDown(`STREAM.LEADER.STEPDOWN.${stream}`);
        await stepDown('CONSUMER.LEADER.STEPDOWN.FRIEND.friend-list-view');
        for (const stream of STREAMS) await leaderOf(stream);
      },
    },
  ];
  return { faults, stop: () => nc.close() };
}
