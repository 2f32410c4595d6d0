/**
 * Two services with one durable name (competing consumers by mistake): each would get a part of the events, and the other
 * part would be lost to it. The one that comes second is refused.
 */
export class DurableTaken extends Error {
  readonly code = 'DURABLE_TAKEN';
  constructor(taken: { stream: string; durable: string; by: string; service: string | undefined }) {
    const { stream, durable, by, service = 'this service' } = taken;
    super(
      `The durable ${durable} on the stream ${stream} is consumed by ${by}: ${service} needs a durable of another name, or each of them gets a part of the events. If the consumer has moved here, say takesOverFrom: '${by}'.`,
    );
    this.name = 'DurableTaken';
  }
}

/** Whether a durable that says `by` may be consumed by this service; one that says nothing may be anybody's. */
export function mayConsume(
  by: string | undefined,
  { service, takesOverFrom }: { service?: string | undefined; takesOverFrom?: string | undefined },
): boolean {
  return by === undefined || service === undefined || by === service || by === takesOverFrom;
}
