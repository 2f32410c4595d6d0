import {
  allContracts,
  FRIEND_STREAM,
  friendListContracts,
  USER_STREAM,
  userContracts,
  WEBHOOK_FRIEND_CONSUMER,
  WEBHOOK_SOURCE,
  WEBHOOK_USER_CONSUMER,
} from '@kith/event-contracts';
import {
  type ConsumerDefinition,
  defineConsumer,
  type Envelope,
  handleOnce,
  type StreamName,
  writeEnvelope,
} from '@kith/event-delivery';
import type pg from 'pg';
import { type EventToSend, queueDeliveries } from '../deliveries/queue-deliveries.ts';
import { eventMatches } from '../domain/event-pattern.ts';
import { type Endpoint, listEndpoints } from '../endpoints/endpoint-rows.ts';

/** By how much the clocks of two machines may differ: at first an endpoint gets too many events rather than too few. */
const CLOCKS_DIFFER_BY_MS = 60_000;

export interface QueueParts {
  readonly pool: pg.Pool;
  readonly retryForMs: number;
  /** Since when somebody listens: a durable that is new begins there. */
  readonly since: Date;
  readonly onQueued: (endpointIds: readonly string[]) => void;
}

/**
 * The consumers of both streams: each event goes into the queue of every endpoint that it is for, in its owner's order
 * (`hold`), in one transaction with its row in the inbox (idempotent consumer).
 */
export function queueEvents(parts: QueueParts): ConsumerDefinition<never>[] {
  const of = (stream: StreamName, durable: string, contracts: typeof allContracts) =>
    defineConsumer({
      stream,
      durable,
      contracts,
      startAt: new Date(parts.since.getTime() - CLOCKS_DIFFER_BY_MS),
      whenPoisoned: 'hold',
      handle: queueFor(parts, stream, durable),
    }) as unknown as ConsumerDefinition<never>;
  return [
    of(USER_STREAM, WEBHOOK_USER_CONSUMER, userContracts),
    of(FRIEND_STREAM, WEBHOOK_FRIEND_CONSUMER, friendListContracts),
  ];
}

function queueFor({ pool, retryForMs, onQueued }: QueueParts, stream: StreamName, durable: string) {
  return async (event: Envelope, signal?: AbortSignal): Promise<void> => {
    const meant = (await listEndpoints(pool)).filter((endpoint) => isFor(endpoint, event));
    if (meant.length === 0) return;
    const endpointIds = meant.map(({ id }) => id);
    const once = handleOnce<Envelope>(pool, durable, (handled, sql) =>
      queueDeliveries(sql, asSent(handled, stream), { endpointIds, retryForMs }),
    );
    await once(event, signal);
    onQueued(endpointIds);
  };
}

/** Also to one that is paused: its events wait. Not what happened before it was registered. */
function isFor({ events, createdAt }: Endpoint, { name, occurredAt }: Envelope): boolean {
  if (occurredAt.getTime() < createdAt.getTime() - CLOCKS_DIFFER_BY_MS) return false;
  return events.some((pattern) => eventMatches(pattern, name));
}

/** As it was published, lifted to the newest version. */
function asSent({ id: eventId, ownerId, revision, ...event }: Envelope, stream: StreamName): EventToSend {
  const type = typeOf(event.name);
  const { source, occurredAt, data } = event;
  const body = writeEnvelope({ eventId, source, type, ownerId, revision, occurredAt, data });
  return { eventId, stream: stream.name, ownerId, revision, type, body };
}

function typeOf(name: string): string {
  const contract = allContracts.find((each) => each.name === name);
  if (!contract) throw new Error(`There is no contract for ${name}.`);
  return contract.type;
}

/** What an operator sends to try an endpoint: an event without an owner, with an id of its own. */
export function testEvent(eventId: string, now: Date): EventToSend {
  const event = { eventId, ownerId: eventId, revision: 1, type: 'kith.webhook.test.v1' };
  const body = writeEnvelope({ ...event, source: WEBHOOK_SOURCE, occurredAt: now, data: {} });
  return { ...event, stream: 'none', body };
}
