import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { natsOptions } from '@kith/event-delivery';
import { eventually, type NatsNode } from '@kith/local-servers';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect } from 'nats';
import type { Random } from '../people/seeded-random.ts';
import type { ClusterForTest } from '../system/start-cluster-for-test.ts';
import type { Ways } from '../system/ways.ts';
import { type ClusterFault, WHOLE_AGAIN } from './cluster-fault.ts';

const STREAMS = ['USER', 'FRIEND'];

/** Every fault of the NATS cluster. */
export async function faultsOfNats(
  { servers, natsUrl, ways }: ClusterForTest,
  random: Random,
): Promise<{ faults: readonly ClusterFault[]; stop(): Promise<void> }> {
  const { nodes } = servers.nats;
  const nc = await connect({ ...natsOptions(natsUrl), maxReconnectAttempts: -1, reconnectTimeWait: 200 });
  const view = viewOf(nodes, await jetstreamManager(nc, { timeout: 2_000, checkAPI: false }));
  const stepDown = (subject: string) => nc.request(`$JS.API.${subject}`, '', { timeout: 5_000 });
  return {
    faults: [
      ...faultsOfLeaders(view, ways, random),
      ...faultsOfServers(view, nodes, random),
      leadersMoved(view, stepDown),
    ],
    stop: () => nc.close(),
  };
}

type View = ReturnType<typeof viewOf>;

/** What the cluster says of itself. */
function viewOf(nodes: readonly NatsNode[], jsm: JetStreamManager) {
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
  return { leaderOf, bringBack };
}

const faultsOfLeaders = ({ leaderOf, bringBack }: View, ways: Ways, random: Random): ClusterFault[] => [
  {
    name: 'stream leader killed',
    part: 'NATS',
    judgedAlone: true,
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
    name: 'stream leader cut off',
    part: 'NATS',
    async break() {
      const leader = await leaderOf(random.pick(STREAMS));
      ways.cutOff(leader.name);
      await delay(random.between(1_000, 6_000));
      ways.join(leader.name);
      return bringBack(leader);
    },
  },
];

const faultsOfServers = ({ leaderOf, bringBack }: View, nodes: readonly NatsNode[], random: Random): ClusterFault[] => [
  {
    name: 'NATS server restarted',
    part: 'NATS',
    planned: true,
    async break() {
      const node = random.pick(nodes);
      await node.stop();
      await bringBack(node)();
    },
  },
  {
    name: 'NATS server in lame duck mode',
    part: 'NATS',
    planned: true,
    async break() {
      const node = await leaderOf(random.pick(STREAMS));
      await node.beLameDuck();
      const isLeft = async () => {
        for (const stream of STREAMS) if ((await leaderOf(stream)) === node) return false;
        return true;
      };
      await eventually('its streams have other leaders', isLeft, WHOLE_AGAIN);
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
];

const leadersMoved = ({ leaderOf }: View, stepDown: (subject: string) => Promise<unknown>): ClusterFault => ({
  name: 'stream leaders moved',
  part: 'NATS',
  planned: true,
  async break() {
    for (const stream of STREAMS) await stepDown(`STREAM.LEADER.STEPDOWN.${stream}`);
    await stepDown('CONSUMER.LEADER.STEPDOWN.FRIEND.friend-list-view');
    for (const stream of STREAMS) await leaderOf(stream);
  },
});
