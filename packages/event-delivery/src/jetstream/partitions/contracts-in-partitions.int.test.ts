import { type NatsServer, startNats } from '@kith/local-servers';
import * as vitest from 'vitest';
import type { EventBroker } from '../../broker/broker.ts';
import { describeBrokerContract } from '../../contract-tests/broker-contract.ts';
import { collectLog } from '../../contract-tests/collect-log.ts';
import { describeConsumerContract } from '../../contract-tests/consumer-contract.ts';
import { connectJetStream } from '../jetstream-broker.ts';

let nats: NatsServer;
vitest.beforeAll(async () => {
  nats = await startNats();
});
vitest.afterAll(() => nats.stop());

const connect = (): Promise<EventBroker> =>
  connectJetStream({ servers: nats.url, name: 'test', log: collectLog(), streams: { partitions: 4 } });
describeBrokerContract('JetStream in four partitions', { connect }, vitest);
describeConsumerContract('JetStream in four partitions', { connect }, vitest);
