import { headers, type NatsConnection } from 'nats';
import type { EventBroker } from '../broker/broker.ts';
import type { Log } from '../observe/log.ts';
import { familyOf, startHop, traceBeingHandled } from '../observe/trace-event-path.ts';
import { guarded } from './connection/follow-connection.ts';

/** Publish-subscribe on core NATS: announcements to those who listen at this moment. */
export function announcesOverNats(
  nc: NatsConnection,
  { log, beforeSending }: { log: Log; beforeSending: () => void },
): Pick<EventBroker, 'announce' | 'listen'> {
  return {
    announce: (subject, payload) => {
      if (nc.isClosed()) return;
      beforeSending();
      const hop = startHop('announce', traceBeingHandled(), { 'messaging.destination.name': familyOf(subject) });
      // Headers cost every reader something: only where somebody records.
      if (hop.recorded && hop.traceparent) {
        const header = headers();
        header.set('traceparent', hop.traceparent);
        nc.publish(subject, payload, { headers: header });
      } else nc.publish(subject, payload);
      hop.end();
    },
    listen(subject, onMessage) {
      const subscription = nc.subscribe(subject, {
        callback: (error, message) => {
          if (error) return;
          // A callback that throws would end the connection's reader: nothing may escape.
          const trace = () => message.headers?.get('traceparent') || undefined;
          guarded(log, () => onMessage(message.string(), message.subject, trace));
        },
      });
      return { stop: async () => subscription.unsubscribe() };
    },
  };
}
