import type { Envelope } from '../../envelope/envelope.ts';
import { inTraceOf, startHop } from '../../observe/trace-event-path.ts';
import type { Handle } from './incoming.ts';

/** Tracing (a middleware): each try of the handler as a span of the event's trace, which it is handed as its own. */
export function traced<Event extends Envelope, Ends>(
  durable: string,
  handle: Handle<Event, Ends>,
): Handle<Event, Ends> {
  return async (event, ends, delivered) => {
    const hop = startHop('handle', event.traceparent, {
      'messaging.destination.name': event.name,
      'messaging.consumer.group.name': durable,
      'messaging.message.id': event.id,
    });
    const { traceparent } = hop;
    const isOther = traceparent !== undefined && traceparent !== event.traceparent;
    const handed = isOther ? (Object.freeze({ ...event, traceparent }) as Event) : event;
    try {
      await inTraceOf(traceparent, () => handle(handed, ends, delivered));
      hop.end();
    } catch (error) {
      hop.end(error);
      throw error;
    }
  };
}
