import { type NatsCluster, startNatsCluster } from '@kith/local-servers';
import * as vitest from 'vitest';
import type { EventBroker } from '../broker/broker.ts';
import { describeBrokerContract } from '../contract-tests/broker-contract.ts';
import { collectLog } from '../contract-tests/collect-log.ts';
import { describeConsumerContract } from '../contract-tests/consumer-contract.ts';
import { connectJetStream } from './jetstream-broker.ts';

let cluster: NatsCluster;
vitest.beforeAll(async () => {
  cluster = await startNatsCluster();
});
vitest.afterAll(() => cluster.stop());

for (const [named, partitions] of [
  ['JetStream in a cluster', 1],
  ['JetStream in a cluster, in four partitions', 4],
] as const) {
  const connect = (): Promise<EventBroker> =>
    connectJetStream({ servers: cluster.url, name: 'test', log: collectLog(), streams: { replicas: 3, partitions } });
  describeBrokerContract(named, { connect }, vitest);
  describeConsumerContract(named, { connect }, vitest);
}
