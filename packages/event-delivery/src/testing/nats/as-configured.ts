import { type NatsServer, startNats } from '@kith/local-servers';

/** A nats-server whose configuration is this text beside what the helper says itself: port, folder, JetStream. */
export const startConfiguredNats = (configuration: string, port?: number): Promise<NatsServer> =>
  startNats({ users: { names: [], configurationFor: () => configuration }, ...(port !== undefined && { port }) });
