import { randomUUID } from 'node:crypto';
import {
  connectBroker,
  type EventBroker,
  type EventContract,
  type Log,
  type StoredMessage,
  type StreamName,
} from '@kith/event-delivery';
import { writeEnvelope } from '@kith/event-delivery/envelope';
import type { Shop } from '../start/start-shop.ts';

const nothing = () => undefined;
const SILENT: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** For a test that publishes what a service would, beside it: under JetStream alone. */
export function openBroker(shop: Shop): Promise<EventBroker> {
  return connectBroker({ eventBus: 'jetstream', natsUrl: shop.natsUrl ?? '', name: 'test', log: SILENT });
}

/** Publishes an event of the contract, as the one who owns the contract would. */
export async function publish<Data>(
  broker: EventBroker,
  contract: EventContract<string, Data>,
  event: { ownerId: string; revision: number; data: Data },
): Promise<void> {
  const id = randomUUID();
  const { type } = contract;
  const payload = writeEnvelope({ eventId: id, source: 'test', type, occurredAt: new Date(), ...event });
  const [result] = await broker.publish([{ subject: contract.subject(event.ownerId), id, payload }]);
  if (!result || 'error' in result) throw result?.error ?? new Error('nothing was published');
}

/** Publishes what a stream holds of this owner again, so many times, each as a message of its own. */
export async function publishAgain(
  broker: EventBroker,
  { stream, owner, times }: { stream: StreamName; owner: string; times: number },
): Promise<number> {
  const messages: StoredMessage[] = [];
  for await (const stored of broker.stored(stream)) if (stored.subject.endsWith(`.${owner}`)) messages.push(stored);
  const copies = Array.from({ length: times }, () => messages).flat();
  const decoder = new TextDecoder();
  const results = await broker.publish(
    copies.map(({ subject, payload }) => ({ subject, id: randomUUID(), payload: decoder.decode(payload) })),
  );
  return results.filter((result) => 'sequence' in result && !result.duplicate).length;
}
