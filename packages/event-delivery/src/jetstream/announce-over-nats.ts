import { headers, type Msg, type NatsConnection } from 'nats';
import type { EventBroker } from '../broker/broker.ts';
import { subjectMatches } from '../broker/subject-matches.ts';
import type { Log } from '../observe/log.ts';
import { familyOf, startHop, traceBeingHandled } from '../observe/trace-event-path.ts';
import { guarded } from './connection/follow-connection.ts';
import type { MarkedSubjects } from './partitions/mark-subjects.ts';

/** Publish-subscribe on core NATS: announcements to those who listen at this moment. */
export function announcesOverNats(
  nc: NatsConnection,
  { log, beforeSending, subjects }: { log: Log; beforeSending: () => void; subjects: MarkedSubjects },
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
      const heard = ({ subject: from }: Msg): string | undefined => {
        const published = subjects.unmark(from);
        // A wildcard for a mark matches what is none, too.
        return published === from || subjectMatches(subject, published) ? published : undefined;
      };
      const subscriptions = subjects.heardAs(subject).map((pattern, at) =>
        nc.subscribe(pattern, {
          callback: (error, message) => {
            const from = error ? undefined : heard(message);
            if (from === undefined || (at > 0 && from === message.subject)) return;
            // A callback that throws would end the connection's reader: nothing may escape.
            const trace = () => message.headers?.get('traceparent') || undefined;
            guarded(log, () => onMessage(message.string(), from, trace));
          },
        }),
      );
      return {
        stop: async () => {
          for (const subscription of subscriptions) subscription.unsubscribe();
        },
      };
    },
  };
}
