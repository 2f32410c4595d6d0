import type { Delivery, EventBroker, Stoppable, Subscription } from '../broker/broker.ts';
import { DurableTaken, mayConsume } from '../broker/durable-taken.ts';
import type { EventContract } from '../envelope/event-contract.ts';
import type { Log } from '../observe/log.ts';
import { openDeadLetterBox } from './dead-letters/dead-letter-box.ts';
import { keepInHand } from './keep-in-hand.ts';
import { receivesEvents } from './settle/receive-event.ts';
import { waitsForUpgrades } from './settle/wait-for-an-upgrade.ts';
import type { ConsumerDefinition } from './try/consumer-definition.ts';
import { atMost, END_WITHIN_MS, endsWithinALimit } from './try/end-within-a-limit.ts';
import { type Outcome, ownerOf } from './try/incoming.ts';
import { createTurns } from './try/take-turns.ts';
import { tellWhatBecame } from './try/tell-what-became.ts';

export interface ConsumeOptions {
  readonly broker: EventBroker;
  readonly log: Log;
  /** Which service consumes: a durable that another one has is refused. As the `source` of its events: `shop/orders`. */
  readonly service?: string | undefined;
  readonly now?: () => Date;
  readonly onHandled?: (outcome: 'handled' | 'retried' | 'dead', tookMs: number) => void;
}

/**
 * Runs a consumer (competing consumers, at-least-once) until it is stopped: parse, handle, acknowledge. Events of one
 * owner in order, owners concurrently; failures, and handlers that are not done in time, are retried with back-off; what
 * cannot be read, or keeps failing, becomes a dead letter and the others flow. A version above the newest known here
 * waits for an upgrade. `stop()` finishes what is in flight within a limit and leaves the rest unacknowledged: it comes
 * again, here or elsewhere, within ACK_WAIT_MS.
 *
 * Order per owner is that of one process. Several instances share the durable's deliveries, so there revisions decide;
 * of a consumer that holds, one instance at a time is given any; and where streams are consumed in partitions, one
 * instance at a time is given those of a partition.
 *
 * Resolves when the durable is there; while the broker is away, not before it is back.
 *
 * @throws {DurableTaken} when another service consumes by a durable of this name
 */
export async function consume<Contract extends EventContract>(
  definition: ConsumerDefinition<Contract>,
  options: ConsumeOptions,
): Promise<Stoppable> {
  const { broker, now = () => new Date() } = options;
  const { stream, durable, whenPoisoned = 'pass', stopWithinMs = 5_000, maxUnacked = 1_000 } = definition;
  const turns = createTurns(definition.concurrency ?? 16);
  const ending = endsWithinALimit(stopWithinMs, turns.over);
  const told = tellWhatBecame({ ...options, now, durable, stream: stream.name });
  const upgrades = waitsForUpgrades({ now, maxUnacked, lookAgain: definition.whenFromTheFuture });
  let subscription: Subscription | undefined;
  /** Of a consumer that holds, and of a partition, one instance at a time. */
  const isActive = (ownerId: string) =>
    !ending.hasBegun() && subscription !== undefined && subscription.active?.(ownerId) !== false;
  const takeTurn = (ownerId: string, work: () => Promise<void>) => turns.take(ownerId, () => work().catch(told.failed));
  const takeUpHeld = (ownerId: string) =>
    takeTurn(ownerId, async () => (isActive(ownerId) ? pieces.release(ownerId) : undefined));
  const box = await openDeadLetterBox({ broker, consumer: durable, stream, whenPoisoned, now, onChange: takeUpHeld });
  const pieces = receivesEvents(definition, { box, turns, ending, told, upgrades, now, isActive });
  const receive = (delivery: Delivery) =>
    isActive(ownerOf(delivery.subject)) ? pieces.receive(delivery) : Promise.resolve<Outcome>('stopped');
  const inHand = keepInHand({
    takeTurn: ({ subject }, work) => takeTurn(ownerOf(subject), work),
    laterMs: upgrades.delayMs,
    onError: told.failed,
  });

  async function becomeActive(): Promise<void> {
    await box.refresh();
    // The subscription calls itself active as soon as this has resolved, and delivers nothing before.
    queueMicrotask(() => box.heldOwners().forEach(takeUpHeld));
  }

  const running: Stoppable = {
    async stop() {
      ending.begin();
      const handled = ending.finish();
      const ended = subscription?.stop(handled) ?? handled;
      await handled;
      await atMost(END_WITHIN_MS, ended);
      inHand.stop();
      await atMost(END_WITHIN_MS, box.close());
      told.stop();
    },
  };
  try {
    subscription = broker.subscribe({
      stream,
      durable,
      maxUnacked,
      service: options.service,
      startAt: definition.startAt,
      takesOverFrom: definition.takesOverFrom,
      keepsOrder: whenPoisoned === 'hold',
      ...(whenPoisoned === 'hold' && { onActive: becomeActive }),
      onDelivery: (delivery) => inHand.take(delivery, () => receive(delivery)),
    });
    box.heldOwners().forEach(takeUpHeld);
    await subscription.begun;
    await refuseNamesake(definition, options);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return running;
}

/** One durable name on two streams: dead letters are told apart by it. */
async function refuseNamesake(
  { stream, durable, takesOverFrom }: Pick<ConsumerDefinition<EventContract>, 'stream' | 'durable' | 'takesOverFrom'>,
  { broker, service }: ConsumeOptions,
): Promise<void> {
  const { consumers } = await broker.status().catch(() => ({ consumers: [] }));
  const other = consumers.find(
    (each) =>
      each.durable === durable && each.stream !== stream.name && !mayConsume(each.service, { service, takesOverFrom }),
  );
  if (other) throw new DurableTaken({ stream: other.stream, durable, by: other.service ?? '', service });
}
