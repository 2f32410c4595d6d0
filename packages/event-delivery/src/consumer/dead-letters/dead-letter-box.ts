import type { Delivery, EventBroker, Stoppable } from '../../broker/broker.ts';
import { DEAD_STREAM, deadLetter, deadLettersChanged } from '../../broker/durable-names.ts';
import type { StreamName } from '../../envelope/stream-name.ts';
import { readDeadLetter, type StoredDeadLetter, type WhenPoisoned, writeDeadLetter } from './dead-letter.ts';
import { recordSettlement, type Settlement } from './record-settlement.ts';
import { readsRedriveHeaders } from './redrive-headers.ts';

interface BoxOptions {
  readonly broker: EventBroker;
  readonly consumer: string;
  readonly stream: StreamName;
  readonly whenPoisoned: WhenPoisoned;
  readonly now: () => Date;
  /** An operator, or another instance, has added or settled a letter of this owner. */
  readonly onChange: (ownerId: string) => void;
}

export type DeadLetterBox = Awaited<ReturnType<typeof openDeadLetterBox>>;

/**
 * Dead letter queue of one consumer, as the consumer itself sees it. For a consumer that holds, it knows which owners are
 * held: the memory may only err towards held, and `holds` asks the store before anything is parked.
 */
export async function openDeadLetterBox(options: BoxOptions) {
  const { broker, consumer, whenPoisoned } = options;
  const held = new Set<string>();
  const watches: Stoppable[] = [];

  async function lettersOf(ownerId: string): Promise<StoredDeadLetter[]> {
    const letters = await readDeadLetters(broker, deadLetter(consumer, ownerId));
    if (letters.length === 0) held.delete(ownerId);
    else if (whenPoisoned === 'hold') held.add(ownerId);
    return letters;
  }

  async function findHeldOwners(): Promise<void> {
    for (const letter of await readDeadLetters(broker, deadLetter(consumer, '>'))) held.add(letter.ownerId);
  }

  await broker.declareStream(DEAD_STREAM);
  if (whenPoisoned === 'hold') {
    watches.push(
      broker.listen(deadLettersChanged(consumer), (ownerId) => {
        held.add(ownerId);
        options.onChange(ownerId);
      }),
      // What was announced while the connection was lost.
      broker.onReconnect(() => void findHeldOwners().catch(() => undefined)),
    );
    await findHeldOwners();
  }

  return {
    /** Whether a delivery was sent again out of the dead letters, by its headers. */
    redriveIn: readsRedriveHeaders(broker),
    /** What other instances have buried since. */
    refresh: findHeldOwners,
    mayHold: (ownerId: string) => held.has(ownerId),
    holds: async (ownerId: string) => (await lettersOf(ownerId)).length > 0,
    heldOwners: (): readonly string[] => [...held],
    /** In the owner's order. */
    lettersOf,
    async put(
      delivery: Pick<Delivery, 'subject' | 'payload' | 'headers' | 'sequence'>,
      ownerId: string,
      why: { error: unknown; reason: string; attempts: number; replaces?: StoredDeadLetter | undefined },
    ): Promise<void> {
      const { message } = writeDeadLetter({
        ...why,
        consumer,
        whenPoisoned,
        ownerId,
        stream: options.stream.name,
        delivery,
        now: options.now(),
      });
      if (whenPoisoned === 'hold') held.add(ownerId);
      const [result] = await broker.publish([message]);
      if (!result || 'error' in result) throw result?.error ?? new Error('The dead letter got no answer.');
      if (why.replaces) await broker.deleteStored(DEAD_STREAM, why.replaces.sequence);
    },
    async settled(letter: StoredDeadLetter, action: Settlement['action']): Promise<void> {
      await recordSettlement(broker, letter, action, options.now());
      await broker.deleteStored(DEAD_STREAM, letter.sequence);
    },
    async close(): Promise<void> {
      await Promise.all(watches.map((watch) => watch.stop()));
    },
  };
}

/** The letters under a subject (wildcards allowed), in their owners' order. */
export async function readDeadLetters(broker: EventBroker, subject = 'dead.>'): Promise<StoredDeadLetter[]> {
  const letters: StoredDeadLetter[] = [];
  for await (const stored of broker.stored(DEAD_STREAM, { subject })) {
    const letter = readDeadLetter(stored);
    if (letter) letters.push(letter);
  }
  return letters.sort((a, b) => a.place - b.place || a.sequence - b.sequence);
}
