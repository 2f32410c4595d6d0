import type pg from 'pg';
import type { BrokerStatus, EventBroker, StoredMessage } from '../broker/broker.ts';
import { eventIdOf } from '../broker/message-id.ts';
import { readSettlements } from '../consumer/dead-letters/record-settlement.ts';
import { listDeadLetters } from '../consumer/dead-letters/settle-dead-letters.ts';
import { type Contracts, contractsIn, type EventContract } from '../envelope/event-contract.ts';
import type { StreamName } from '../envelope/stream-name.ts';
import type { Difference } from './report-differences.ts';

const PORTION = 1_000;
const DAY_MS = 24 * 60 * 60 * 1_000;

const NOT_IN_INBOX = `
  SELECT asked.id FROM unnest($1::uuid[]) AS asked (id)
  WHERE NOT EXISTS (SELECT FROM inbox WHERE consumer = $2 AND event_id = asked.id)`;

/** A consumer that remembers in the inbox what it has handled: by `handleOnce` or `firstTime`, under its durable's name. */
export interface InboxConsumer {
  readonly stream: StreamName;
  readonly durable: string;
  // biome-ignore lint/suspicious/noExplicitAny: a list of consumers of different contracts has no closer type.
  readonly contracts: Contracts<any>;
  /** Whether what becomes of an event is in the inbox, for a consumer that lets some go by without a trace. All are. */
  readonly isRemembered?: (event: GlancedEvent) => boolean;
}

/** What the envelope says, unchecked by its contract. */
export interface GlancedEvent {
  readonly name: string;
  readonly ownerId: string;
  readonly revision: number;
  readonly occurredAt: Date;
}

export interface InboxComparison {
  readonly pool: pg.Pool;
  readonly broker: EventBroker;
  readonly consumer: InboxConsumer;
  readonly onDifference: (difference: Difference) => unknown;
  readonly onProgress?: (done: number, total: number) => unknown;
  /** The inbox's retention (60 days): what was stored before may be forgotten. */
  readonly keepInboxMs?: number;
}

interface Asked {
  readonly eventId: string;
  readonly owner: string;
  readonly revision: number;
  readonly sequence: number;
}

/**
 * Reconciliation of a stream with the inbox of a consumer: names every event of the types that it wants which the broker
 * takes to be handled and which the inbox does not know. One that is dead, or was dropped by an operator, is none; nor is
 * one from before the consumer's start. Changes nothing, and may run while events flow. Resolves to the number of events
 * that were looked for.
 */
export async function compareStreamWithInbox(comparison: InboxComparison): Promise<number> {
  const { pool, broker, consumer, onDifference, onProgress, keepInboxMs = 60 * DAY_MS } = comparison;
  const { stream, durable } = consumer;
  const status = await broker.status();
  const found = status.consumers.find((each) => each.stream === stream.name && each.durable === durable);
  if (!found) return 0;
  const isMeant = meantBy(consumer, found, new Date(Date.now() - keepInboxMs));
  const settled = await settledElsewhere(broker, durable);
  let looked = 0;
  let portion: Asked[] = [];
  const compare = async () => {
    const unsettled = portion.filter(({ eventId }) => !settled.has(eventId));
    const { rows } = await pool.query<{ id: string }>(NOT_IN_INBOX, [unsettled.map(({ eventId }) => eventId), durable]);
    const missing = new Set(rows.map(({ id }) => id));
    for (const { eventId, owner, revision, sequence } of unsettled) {
      if (!missing.delete(eventId)) continue;
      const detail = `${eventId}, ${stream.name} number ${sequence}, is acknowledged by ${durable}, but not in its inbox`;
      await onDifference({ check: 'inbox', owner, revision, eventId, stream: stream.name, detail });
    }
    looked += portion.length;
    portion = [];
    await onProgress?.(looked, Math.max(looked, found.ackedThrough));
  };
  for await (const message of broker.stored(stream)) {
    if (message.sequence > found.ackedThrough) break;
    const asked = isMeant(message);
    if (asked) portion.push(asked);
    if (portion.length >= PORTION) await compare();
  }
  await compare();
  return looked;
}

const EVENT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function meantBy(
  { contracts: named, isRemembered = () => true }: InboxConsumer,
  { since }: BrokerStatus['consumers'][number],
  rememberedSince: Date,
): (message: StoredMessage) => Asked | undefined {
  const { contracts } = contractsIn<EventContract>(named);
  const names = new Set(contracts.map(({ name }) => name));
  return ({ id, sequence, payload, storedAt, headers }) => {
    // A redrive is for one consumer, and tells nothing of the others.
    if (storedAt < rememberedSince || (since && storedAt < since) || isRedriven(headers)) return undefined;
    const { type, subject, revision, time } = glance(payload);
    const eventId = id === undefined ? '' : eventIdOf(id).toLowerCase();
    const name = String(type).replace(/\.v\d+$/, '');
    if (!EVENT_ID.test(eventId) || !names.has(name)) return undefined;
    const event = { name, ownerId: String(subject), revision: Number(revision), occurredAt: new Date(String(time)) };
    return isRemembered(event) ? { eventId, owner: event.ownerId, revision: event.revision, sequence } : undefined;
  };
}

const isRedriven = (headers: Readonly<Record<string, string>>) =>
  Object.keys(headers).some((name) => name.toLowerCase().endsWith('-redriven-for'));

/** What is dead, and what an operator has dropped. */
async function settledElsewhere(broker: EventBroker, durable: string): Promise<Set<string>> {
  const letters = await listDeadLetters(broker, { consumer: durable });
  const dropped = (await readSettlements(broker)).filter(
    ({ consumer, action }) => consumer === durable && action === 'dropped',
  );
  return new Set([...letters, ...dropped].map(({ eventId }) => eventId.toLowerCase()));
}

function glance(payload: Uint8Array): { type?: unknown; subject?: unknown; revision?: unknown; time?: unknown } {
  try {
    return JSON.parse(Buffer.from(payload).toString('utf8')) ?? {};
  } catch {
    return {};
  }
}
