import type { EventBroker } from '@kith/event-delivery';
import type pg from 'pg';

/** What each outbox works with: the same database, the same server, the same stream. */
export interface OutboxSurroundings {
  readonly databaseUrl: string;
  readonly pool: pg.Pool;
  readonly broker: EventBroker;
  /** Publishes to the stream with a message id; resolves when it is stored. */
  readonly publish: (event: EventToPublish) => Promise<void>;
  /** Called when an event is stored in the stream. */
  readonly onPublished: (eventIds: readonly string[]) => void;
}

export interface EventToPublish {
  readonly eventId: string;
  readonly ownerId: string;
  readonly data: unknown;
}

/** One way of bringing events from a transaction to JetStream. */
export interface Outbox {
  readonly name: string;
  /** Its tables, in a fresh database. */
  prepare(around: OutboxSurroundings): Promise<void>;
  /** Appends an event in the transaction that is open on this connection. */
  append(client: pg.ClientBase, event: EventToPublish & { readonly revision: number }): Promise<unknown>;
  /** Appends many events at once, in the quickest way there is; how quick, is not measured. */
  fill(client: pg.ClientBase, count: number): Promise<unknown>;
  /** Begins to publish what is there and what comes. */
  start(around: OutboxSurroundings): Promise<{ stop(): Promise<unknown> }>;
}
