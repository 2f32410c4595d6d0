import { Counter } from '@prometheus-io/client';

export const connectionsClosed = new Counter({
  name: 'kith_connections_closed_total',
  help: 'WebSockets that ended, by the close code.',
  labelNames: ['code'],
});

export const streamsClosed = new Counter({
  name: 'kith_event_streams_closed_total',
  help: 'Streams of server-sent events that ended: LEFT and COMPLETED by their clients or operations, NOT_READ and RESTART by this gateway.',
  labelNames: ['reason'],
});
