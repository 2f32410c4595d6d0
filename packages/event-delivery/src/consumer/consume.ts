import { setTimeout as sleep } from 'node:timers/promises';
import {
  ACK_WAIT_MS,
  type Delivery,
  type EventBroker,
  MESSAGE_ID_HEADER,
  type Stoppable,
  type Subscription,
} from '../broker/broker.ts';
import { type EnvelopeOf, UnreadableEvent } from '../envelope/envelope.ts';
import type { EventContract } from '../envelope/event-contract.ts';
import { backoffMs } from '../failures/backoff.ts';
import type { Log } from '../observe/log.ts';
import { measureConsumer } from '../observe/measure-delivery.ts';
import type { ConsumerDefinition } from './consumer-definition.ts';
import { HELD_BEHIND, reasonOf, type StoredDeadLetter } from './dead-letters/dead-letter.ts';
import { openDeadLetterBox } from './dead-letters/dead-letter-box.ts';
import { readRedriveHeaders } from './dead-letters/redrive-headers.ts';
import { isOutageFor } from './declared-outage.ts';
import { ConsumerStopped, HandlerTimedOut } from './handle-in-time.ts';
import { handleTraced } from './handle-traced.ts';
import { readNamed } from './read-named.ts';
import { createTurns } from './take-turns.ts';
import { isFromTheFuture, waitsForUpgrades } from './wait-for-an-upgrade.ts';

const SAY_WORKING_EVERY_MS = ACK_WAIT_MS / 3;
/** What was cut off needs no longer to say so. */
const END_WITHIN_MS = 1_000;
const RETRY = { firstMs: 50, mostMs: 5_000 };

export { type ConsumerDefinition, defineConsumer } from './consumer-definition.ts';

export interface ConsumeOptions {
  readonly broker: EventBroker;
  readonly log: Log;
  readonly now?: () => Date;
  readonly onHandled?: (outcome: 'handled' | 'retried' | 'dead', tookMs: number) => void;
}

/** A delivery, or an event that is taken out of its dead letter. */
type Incoming = Pick<Delivery, 'subject' | 'payload' | 'headers' | 'sequence' | 'storedAt'>;

/** `later`: to be given back, with a delay. */
type Outcome = 'handled' | 'dead' | 'stopped' | 'later';

/**
 * Runs a consumer until it is stopped: parse, handle, acknowledge. Events of one owner in order, owners concurrently;
 * failures, and handlers that are not done in time, are retried with back-off; what cannot be read, or keeps failing,
 * becomes a dead letter and the others flow. A version above the newest known here waits for an upgrade.
 * `stop()` finishes what is in hand within a limit and leaves the rest unacknowledged: it comes again, here or
 * elsewhere, within ACK_WAIT_MS.
 *
 * Order per owner is that of one process. Several instances share the durable's deliveries, so there revisions decide;
 * of a consumer that holds, one instance at a time is given any.
 */
export async function consume<Contract extends EventContract>(
  definition: ConsumerDefinition<Contract>,
  options: ConsumeOptions,
): Promise<Stoppable> {
  const { broker, log, now = () => new Date() } = options;
  const { stream, durable, contracts, maxAttempts = 8, whenPoisoned = 'pass', retry = RETRY } = definition;
  const { stopWithinMs = 5_000, maxUnacked = 1_000 } = definition;
  const upgrades = waitsForUpgrades({ now, maxUnacked, lookAgain: definition.whenFromTheFuture });
  const turns = createTurns(definition.concurrency ?? 16);
  const measured = measureConsumer(durable, stream.name, broker);
  const stopped = new AbortController();
  const cutOff = new AbortController();
  const inHand = new Map<string, Delivery>();
  const box = await openDeadLetterBox({
    broker,
    consumer: durable,
    stream,
    whenPoisoned,
    now,
    onChange: takeUpHeld,
  });
  let subscription: Subscription | undefined;

  /** Of a consumer that holds, one instance at a time. */
  function isActive(): boolean {
    return !stopped.signal.aborted && subscription !== undefined && subscription.active?.() !== false;
  }

  function takeUpHeld(ownerId: string): void {
    turns.take(ownerId, () => guarded(() => (isActive() ? releaseHeld(ownerId) : undefined)));
  }

  async function becomeActive(): Promise<void> {
    await box.refresh();
    // The subscription calls itself active as soon as this has resolved, and delivers nothing before.
    queueMicrotask(() => box.heldOwners().forEach(takeUpHeld));
  }

  async function tryOnce(event: EnvelopeOf<Contract>): Promise<'handled' | 'stopped'> {
    return turns.inPlace(async () => {
      if (!isActive()) return 'stopped';
      const startedAt = performance.now();
      await handleTraced(event, definition, cutOff.signal);
      const tookMs = performance.now() - startedAt;
      measured.handled(tookMs, now().getTime() - event.occurredAt.getTime());
      options.onHandled?.('handled', tookMs);
      return 'handled';
    });
  }

  /** Tries until it is handled, buried, given back for a newer process, or the consumer is stopped. */
  async function settle(incoming: Incoming, replaces?: StoredDeadLetter): Promise<Outcome> {
    let event: EnvelopeOf<Contract> | undefined;
    let failures = 0;
    for (let attempt = 1; ; attempt += 1) {
      let pauseMs = backoffMs(attempt, retry);
      try {
        event ??= readNamed(incoming.payload, contracts);
        return event ? await tryOnce(event) : 'handled';
      } catch (error) {
        if (error instanceof ConsumerStopped) return 'stopped';
        const waits = isFromTheFuture(error) && upgrades.mayWait(incoming.storedAt);
        if (waits) {
          noteFuture(incoming, error);
          // Given back it would come behind later events of its owner, which a consumer that holds must not see.
          if (whenPoisoned === 'pass') return 'later';
          pauseMs = upgrades.delayMs(attempt);
        } else {
          if (error instanceof HandlerTimedOut) measured.timedOut();
          if (!isOutageFor(definition, error)) failures += 1;
          if (error instanceof UnreadableEvent || failures >= maxAttempts) {
            return await bury(incoming, { error, reason: reasonOf(error), attempts: attempt, replaces });
          }
          measured.retried();
          options.onHandled?.('retried', 0);
          log.warn({ consumer: durable, attempt, error: String(error) }, 'an event failed and will be tried again');
        }
      }
      if (!(await pause(pauseMs))) return 'stopped';
    }
  }

  function noteFuture({ subject, sequence }: Incoming, error: unknown): void {
    measured.waitsForAnUpgrade();
    log.warn({ consumer: durable, subject, sequence, error: String(error) }, 'an event waits for a newer process');
  }

  async function bury(
    incoming: Incoming,
    why: { error: unknown; reason: string; attempts: number; replaces?: StoredDeadLetter | undefined },
  ): Promise<Outcome> {
    const ownerId = ownerOf(incoming.subject);
    const buried = await untilDone(() => box.put(incoming, ownerId, why).then(() => true));
    if (!buried) return 'stopped';
    const { reason, attempts } = why;
    log.error({ consumer: durable, ownerId, subject: incoming.subject, reason, attempts }, 'an event is dead');
    measured.died(reason);
    options.onHandled?.('dead', 0);
    return 'dead';
  }

  async function receive(delivery: Delivery): Promise<Outcome> {
    const ownerId = ownerOf(delivery.subject);
    const redrive = readRedriveHeaders(delivery.headers);
    if (redrive)
      return redrive.consumer === durable ? await receiveRedriven(delivery, ownerId, redrive.letter) : 'handled';
    if (box.mayHold(ownerId)) {
      const held = await untilDone(() => box.holds(ownerId));
      if (held === undefined) return 'stopped';
      if (held) {
        const error = new Error('An earlier event of this owner is dead: settle that one, and this one follows.');
        return bury(delivery, { error, reason: HELD_BEHIND, attempts: 0 });
      }
    }
    return settle(delivery);
  }

  async function receiveRedriven(delivery: Delivery, ownerId: string, sequence: number): Promise<Outcome> {
    const letters = await untilDone(() => box.lettersOf(ownerId));
    if (!letters) return 'stopped';
    const at = letters.findIndex((letter) => letter.sequence === sequence);
    const letter = letters[at];
    // Settled before, dropped, or still behind another: its letter, if any, stays.
    if (!letter || (whenPoisoned === 'hold' && at > 0)) return 'handled';
    const outcome = await settle(delivery, letter);
    if (outcome !== 'handled') return outcome;
    if (!(await untilDone(() => box.settled(letter, 'handled').then(() => true)))) return 'stopped';
    await releaseHeld(ownerId);
    return 'handled';
  }

  /** Handles what was parked behind a dead event that is settled now, in order, until another one dies. */
  async function releaseHeld(ownerId: string): Promise<void> {
    if (!box.mayHold(ownerId)) return;
    for (;;) {
      const [first] = (await untilDone(() => box.lettersOf(ownerId))) ?? [];
      if (!first || first.reason !== HELD_BEHIND || first.payload === null) return;
      const payload = Buffer.from(first.payload, 'base64');
      const incoming = { ...first.origin, headers: first.headers, payload, storedAt: now() };
      if ((await settle(incoming, first)) !== 'handled') return;
      if (!(await untilDone(() => box.settled(first, 'released').then(() => true)))) return;
    }
  }

  /** Repeats what only an outage of the broker can make fail; undefined when the consumer was stopped before. */
  async function untilDone<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        log.warn({ consumer: durable, attempt, error: String(error) }, 'the dead letters are out of reach');
        if (!(await pause(backoffMs(attempt, RETRY)))) return undefined;
      }
    }
  }

  /** False when it was cut short. */
  function pause(ms: number): Promise<boolean> {
    return sleep(ms, true, { signal: stopped.signal }).catch(() => false);
  }

  async function guarded(work: () => Promise<void> | void): Promise<void> {
    try {
      await work();
    } catch (error) {
      log.error({ consumer: durable, error: String(error) }, 'a consumer failed where it must not');
    }
  }

  async function takeInHand(key: string, delivery: Delivery): Promise<void> {
    const outcome = isActive() ? await receive(delivery) : 'stopped';
    const latest = inHand.get(key) ?? delivery;
    if (outcome === 'later') latest.retryLater(upgrades.delayMs(latest.deliveryCount));
    // What was not begun is left as it is. A nak would bring it sooner, but nats-server 2.9 forgets a nak'd message for
    // a while when nobody asks for one at that moment, and its owner's next one would come first.
    else if (outcome !== 'stopped') latest.ack();
  }

  async function endHandlers(): Promise<void> {
    await atMost(stopWithinMs, turns.over());
    cutOff.abort(new ConsumerStopped());
    await atMost(END_WITHIN_MS, turns.over());
  }

  const stillWorking = setInterval(() => {
    for (const delivery of inHand.values()) void guarded(() => delivery.working());
  }, SAY_WORKING_EVERY_MS);

  subscription = broker.subscribe({
    stream,
    durable,
    maxUnacked,
    keepsOrder: whenPoisoned === 'hold',
    ...(whenPoisoned === 'hold' && { onActive: becomeActive }),
    onDelivery(delivery) {
      // A redelivery of what is still in hand (the broker was out of reach for a while) is answered with it.
      const key = `${delivery.sequence}:${delivery.headers[MESSAGE_ID_HEADER] ?? ''}`;
      const isInHand = inHand.has(key);
      inHand.set(key, delivery);
      if (isInHand) return;
      turns.take(ownerOf(delivery.subject), async () => {
        await guarded(() => takeInHand(key, delivery));
        inHand.delete(key);
      });
    },
  });
  box.heldOwners().forEach(takeUpHeld);

  return {
    async stop() {
      stopped.abort();
      const handled = endHandlers();
      const ended = subscription?.stop(handled) ?? handled;
      await handled;
      await atMost(END_WITHIN_MS, ended);
      clearInterval(stillWorking);
      await atMost(END_WITHIN_MS, box.close());
      measured.stop();
    },
  };
}

/** Waits for it, but no longer: what does not end by itself must not keep a process from stopping. */
async function atMost(ms: number, ending: Promise<void>): Promise<void> {
  const waited = new AbortController();
  await Promise.race([ending, sleep(ms, undefined, { signal: waited.signal }).catch(() => undefined)]);
  waited.abort();
}

/** The last token of the subject: the key of order is known even when the payload cannot be read. */
function ownerOf(subject: string): string {
  return subject.slice(subject.lastIndexOf('.') + 1);
}
