import type { StartAt } from '../../broker/broker.ts';
import type { EnvelopeOf } from '../../envelope/envelope.ts';
import type { Contracts, EventContract } from '../../envelope/event-contract.ts';
import type { StreamName } from '../../envelope/stream-name.ts';
import type { WhenPoisoned } from '../dead-letters/dead-letter.ts';
import type { Delivered } from './incoming.ts';

export interface ConsumerDefinition<Contract extends EventContract> {
  readonly stream: StreamName;
  /** The durable's name: its position survives the process and is shared by all instances. */
  readonly durable: string;
  /**
   * The types it wants, in any version, one by one or as whole families; events of other types on its stream are
   * acknowledged unseen. Of a family, a type that is not known here waits for an upgrade.
   */
  readonly contracts: Contracts<Contract>;
  /**
   * Where the durable begins when it is new: at the first event that the stream has (`all`, the default), with what is
   * stored from now on, or since a moment. One that is there goes on where it stood.
   */
  readonly startAt?: StartAt | undefined;
  /** The service whose durable this was, when the consumer has moved to this one. */
  readonly takesOverFrom?: string | undefined;
  /**
   * Acknowledged when it resolves. Anything may come twice: be idempotent, by inbox or by revision. `signal` is aborted
   * when its time is up: hand it to `inTransaction`, `fetch` and whatever else it waits for. `delivered`: what came, for
   * who keeps it.
   */
  handle(event: EnvelopeOf<Contract>, signal?: AbortSignal, delivered?: Delivered): Promise<void>;
  /** Of one try (default 60 s); a handler that takes longer has failed, and is cut off. */
  readonly handleWithinMs?: number;
  /** How long `stop()` waits for handlers before it cuts them off (default 5 s); their events come again. */
  readonly stopWithinMs?: number;
  /** Owners at once (default 16); events of one owner are handled one after the other. */
  readonly concurrency?: number;
  /** Tries before the dead letter (default 8); an outage of a dependency (see isOutage) does not count. */
  readonly maxAttempts?: number;
  /** Says of an error that the catalogue (`isOutage` of this package) does not know whether it is an outage too. */
  readonly isOutage?: (error: unknown) => boolean;
  /** Between tries: doubled each time, with jitter (default 50 ms up to 5 s). */
  readonly retry?: { readonly firstMs: number; readonly mostMs: number };
  /** Between looks at an event whose version is above the newest known here (default 1 s up to 30 s). */
  readonly whenFromTheFuture?: { readonly firstMs: number; readonly mostMs: number };
  readonly maxUnacked?: number;
  /**
   * After a dead letter, later events of that owner `pass` (default; right where every event stands for itself or
   * revisions decide), or are parked behind it until it is settled: `hold`. A consumer that holds also gets its owners'
   * order kept over crashes, lost connections and instances: one instance at a time is given events, another takes over
   * when it has gone, at the price of a pause of up to ACK_WAIT_MS after each.
   */
  readonly whenPoisoned?: WhenPoisoned;
}

/** Says nothing but lets the compiler find the events' types from the contracts. */
export function defineConsumer<Contract extends EventContract>(
  definition: ConsumerDefinition<Contract>,
): ConsumerDefinition<Contract> {
  return definition;
}
