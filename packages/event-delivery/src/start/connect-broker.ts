import type { EventBroker } from '../broker/broker.ts';
import { brokerAtOnce } from '../broker/broker-at-once.ts';
import type { StreamSettings } from '../broker/stream-settings.ts';
import { type InProcessOptions, startInProcessBroker } from '../in-process/in-process-broker.ts';
import type { NatsCredentials } from '../jetstream/connection/read-nats-access.ts';
import { connectJetStream } from '../jetstream/jetstream-broker.ts';
import type { Log } from '../observe/log.ts';

let busOfThisProcess: EventBroker | undefined;

/** EVENT_BUS=in-process, and nobody has started the bus in this process. */
export class NoBusInThisProcess extends Error {
  readonly code = 'NO_BUS_IN_THIS_PROCESS';
  constructor() {
    super('EVENT_BUS=in-process runs every service in one process: start them together, or set EVENT_BUS=jetstream.');
    this.name = 'NoBusInThisProcess';
  }
}

/**
 * The bus is chosen by configuration alone: nothing else in a service knows which one it has. `jetstream` connects,
 * now or when the server is there (`brokerAtOnce`), as the user in `natsUrl` or `natsCredentials` (throws NatsAccessError); `in-process` is the one bus of this process, which whoever runs the
 * services together has started (throws NoBusInThisProcess otherwise).
 */
export async function connectBroker(options: {
  eventBus: 'jetstream' | 'in-process';
  natsUrl: string;
  /** What the URL does not say: `natsCredentialsIn(process.env)`. */
  natsCredentials?: NatsCredentials;
  name: string;
  log: Log;
  /** How streams are made; what is there is left as it is. */
  streams?: StreamSettings;
  /** What the headers of event delivery's own begin with (default `Kith`); of the bus in the process its start decides. */
  headerPrefix?: string;
}): Promise<EventBroker> {
  if (options.eventBus === 'in-process') return borrowBusOfThisProcess();
  const connecting = connectJetStream({
    servers: options.natsUrl,
    name: options.name,
    log: options.log,
    ...(options.natsCredentials === undefined ? {} : { credentials: options.natsCredentials }),
    ...(options.streams === undefined ? {} : { streams: options.streams }),
    ...(options.headerPrefix === undefined ? {} : { headerPrefix: options.headerPrefix }),
  });
  const broker = await brokerAtOnce(connecting, options.headerPrefix);
  // A refusal that takes longer than a broker is waited for has nobody else to tell.
  connecting.catch((error: Error) => options.log.error({ error: error.message }, 'there will be no broker'));
  return broker;
}

/**
 * Starts the bus that `connectBroker` then gives to every service of this process. Stop it last: services that still
 * finish something need it.
 */
export async function startBusOfThisProcess(options: InProcessOptions): Promise<{ stop(): Promise<void> }> {
  const bus = await startInProcessBroker(options);
  busOfThisProcess = bus;
  return {
    stop: async () => {
      busOfThisProcess = undefined;
      await bus.close();
    },
  };
}

/** The same bus for everybody, and closing it is not theirs to do. */
function borrowBusOfThisProcess(): EventBroker {
  const bus = busOfThisProcess;
  if (!bus) throw new NoBusInThisProcess();
  return {
    ...bus,
    get connected() {
      return bus.connected;
    },
    close: async () => undefined,
  };
}
