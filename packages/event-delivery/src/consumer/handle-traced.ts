import type { EnvelopeOf } from '../envelope/envelope.ts';
import type { EventContract } from '../envelope/event-contract.ts';
import { inTraceOf, startHop } from '../observe/trace-event-path.ts';
import type { ConsumerDefinition } from './consumer-definition.ts';
import { handleInTime } from './handle-in-time.ts';

const HANDLE_WITHIN_MS = 60_000;

/** One try of a consumer's handler, as a span of the event's trace, within the handler's time. */
export async function handleTraced<Contract extends EventContract>(
  event: EnvelopeOf<Contract>,
  definition: ConsumerDefinition<Contract>,
  cutOff: AbortSignal,
): Promise<void> {
  const hop = startHop('handle', event.traceparent, {
    'messaging.destination.name': event.name,
    'messaging.consumer.group.name': definition.durable,
    'messaging.message.id': event.id,
  });
  const { traceparent } = hop;
  const isOther = traceparent !== undefined && traceparent !== event.traceparent;
  const handed = isOther ? (Object.freeze({ ...event, traceparent }) as EnvelopeOf<Contract>) : event;
  const handle = (signal: AbortSignal) => inTraceOf(traceparent, async () => definition.handle(handed, signal));
  try {
    await handleInTime(handle, { withinMs: definition.handleWithinMs ?? HANDLE_WITHIN_MS, cutOff });
    hop.end();
  } catch (error) {
    hop.end(error);
    throw error;
  }
}
