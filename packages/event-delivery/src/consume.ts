import {
  DEAD_STREAM,
  type EnvelopeOf,
  type EventContract,
  readEnvelope,
  type StreamName,
  UnreadableEvent,
} from '@kith/event-contracts';
import { backoffMs } from './backoff.ts';
import type { Delivery, EventBroker, Stoppable } from './broker.ts';
import { writeDeadLetter } from './dead-letter.ts';
import type { Log } from './log.ts';
import { isOutage } from './outage.ts';

const RETRY = { firstMs: 50, mostMs: 5_000 };
const SAY_WORKING_EVERY_MS = 10_000;

export interface ConsumerDefinition<Contract extends EventContract> {
  readonly stream: StreamName;
  /** The durable's name: its position survives the process and is shared by all instances. */
  readonly durable: string;
  readonly contracts: readonly Contract[];
  /** Acknowledged when it resolves. Anything may come twice: be idempotent, by inbox or by revision. */
  handle(event: EnvelopeOf<Contract>): Promise<void>;
  /** Owners at once; events of one owner are handled one after the other. */
  readonly concurrency?: number;
  /** Tries before the dead letter; an outage of a dependency (see isOutage) does not count. */
  readonly maxAttempts?: number;
  readonly maxUnacked?: number;
}

export interface ConsumeOptions {
  readonly broker: EventBroker;
  readonly log: Log;
  readonly now?: () => Date;
  readonly onHandled?: (outcome: 'handled' | 'retried' | 'dead', tookMs: number) => void;
}

/**
 * Runs a consumer until it is stopped: parse, handle, acknowledge. Events of one owner in order, owners concurrently;
 * failures are retried with back-off; what cannot be read, or keeps failing, becomes a dead letter and the others flow.
 * `stop()` finishes what is in hand and leaves the rest to the next process.
 */
export async function consume<Contract extends EventContract>(
  definition: ConsumerDefinition<Contract>,
  options: ConsumeOptions,
): Promise<Stoppable> {
  const { broker, log, now = () => new Date() } = options;
  const { stream, durable, contracts, maxAttempts = 8 } = definition;
  const slots = createSlots(definition.concurrency ?? 16);
  const lastOfOwner = new Map<string, Promise<void>>();
  const stopped = new AbortController();

  await broker.declareStream(DEAD_STREAM);

  async function bury(delivery: Delivery, ownerId: string, error: unknown, attempts: number): Promise<void> {
    const { letter, message } = writeDeadLetter({
      consumer: durable,
      ownerId,
      stream: stream.name,
      delivery,
      error,
      attempts,
      now: now(),
    });
    const [result] = await broker.publish([message]);
    if (!result || 'error' in result) throw result?.error ?? new Error('The dead letter got no answer.');
    log.error({ consumer: durable, ownerId, eventId: letter.eventId, reason: letter.reason }, 'gave up on an event');
    options.onHandled?.('dead', 0);
  }

  /** Tries until it is handled or buried; false when the consumer was stopped before that. */
  async function settle(delivery: Delivery): Promise<boolean> {
    let event: EnvelopeOf<Contract> | undefined;
    let failures = 0;
    for (let attempt = 1; ; attempt += 1) {
      const startedAt = performance.now();
      try {
        event ??= readEnvelope(delivery.payload, contracts);
        const readable = event;
        await slots.run(() => definition.handle(readable));
        options.onHandled?.('handled', performance.now() - startedAt);
        return true;
      } catch (error) {
        if (!isOutage(error)) failures += 1;
        if (error instanceof UnreadableEvent || failures >= maxAttempts) {
          if (await succeeded(() => bury(delivery, event?.ownerId ?? ownerOf(delivery), error, attempt))) return true;
        }
        options.onHandled?.('retried', performance.now() - startedAt);
        log.warn({ consumer: durable, attempt, error: String(error) }, 'an event failed and will be tried again');
      }
      if (!(await pause(backoffMs(attempt, RETRY), stopped.signal))) return false;
    }
  }

  async function handleInTurn(delivery: Delivery, before: Promise<void> | undefined): Promise<void> {
    const stillWorking = setInterval(() => delivery.working(), SAY_WORKING_EVERY_MS);
    try {
      await before;
      if (!stopped.signal.aborted && (await settle(delivery))) delivery.ack();
    } finally {
      clearInterval(stillWorking);
    }
  }

  const subscription = await broker.subscribe({
    stream,
    durable,
    maxUnacked: definition.maxUnacked ?? 1_000,
    onDelivery(delivery) {
      if (stopped.signal.aborted) return;
      const ownerId = ownerOf(delivery);
      const turn = handleInTurn(delivery, lastOfOwner.get(ownerId));
      lastOfOwner.set(ownerId, turn);
      void turn.finally(() => {
        if (lastOfOwner.get(ownerId) === turn) lastOfOwner.delete(ownerId);
      });
    },
  });

  return {
    async stop() {
      stopped.abort();
      await subscription.stop();
      await Promise.all(lastOfOwner.values());
    },
  };
}

/** The last token of the subject: the key of order is known even when the payload cannot be read. */
function ownerOf(delivery: Delivery): string {
  return delivery.subject.slice(delivery.subject.lastIndexOf('.') + 1);
}

async function succeeded(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch {
    return false;
  }
}

/** Resolves to false when it was cut short by the signal. */
function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const done = (slept: boolean) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', cut);
      resolve(slept);
    };
    const cut = () => done(false);
    const timer = setTimeout(() => done(true), ms);
    signal.addEventListener('abort', cut);
  });
}

function createSlots(size: number) {
  const waiting: (() => void)[] = [];
  let free = size;
  return {
    async run(work: () => Promise<void>): Promise<void> {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        await work();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else free += 1;
      }
    },
  };
}
