/** What an event tells of: an aggregate, or whatever else acted. `kind` and `id` together are its identity. */
export interface EventSource {
  readonly kind: string;
  readonly id: string;
}

/**
 * Domain event (Evans, "Domain-Driven Design Reference"): a fact inside one service, named in the past tense, rich, and
 * free to change with the code. What other services may rely on is an EventContract instead; one function per aggregate
 * maps the former to the latter.
 */
export interface DomainEvent<Name extends string = string, Source extends EventSource = EventSource> {
  /** `order.paid`: what has happened, not what is to be done. */
  readonly name: Name;
  /** A UUID, so that it can be the id of what is published. */
  readonly id: string;
  readonly occurredAt: Date;
  readonly source: Source;
}

export interface AggregateSource<Kind extends string = string> extends EventSource {
  readonly kind: Kind;
  /** The aggregate's version with the event in it; missing where the aggregate has none of its own. */
  readonly version?: number;
}

/** A domain event that an aggregate recorded about itself. */
export interface AggregateEvent<Name extends string = string, Kind extends string = string>
  extends DomainEvent<Name, AggregateSource<Kind>> {}

/** The version that an aggregate's event has raised it to: its revision in the outbox. Throws when it was not raised. */
export function versionOf({ kind, id, version }: AggregateSource): number {
  if (version === undefined) throw new Error(`No version of ${kind} ${id} was raised before its event was recorded.`);
  return version;
}
