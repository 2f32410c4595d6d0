import type { EventBroker } from './broker.ts';
import { connectJetStream } from './jetstream/jetstream-broker.ts';
import type { Log } from './log.ts';

/** The bus is chosen by configuration alone: nothing else in a service knows which one it has. */
export async function connectBroker(options: {
  eventBus: 'jetstream' | 'in-process';
  natsUrl: string;
  name: string;
  log: Log;
  replicas?: number;
}): Promise<EventBroker> {
  return connectJetStream({
    servers: options.natsUrl,
    name: options.name,
    log: options.log,
    ...(options.replicas === undefined ? {} : { replicas: options.replicas }),
  });
}
