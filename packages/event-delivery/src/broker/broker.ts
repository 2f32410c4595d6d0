import type { StreamName } from '../envelope/stream-name.ts';
import type { AppliedSetting, SettingDifference } from './stream-settings.ts';

/** A delivery that is neither acknowledged nor reported to be in progress for this long comes again. */
export const ACK_WAIT_MS = 5_000;

/** Within this time a second message with the same id is not stored. */
export const DEDUP_WINDOW_MS = 2 * 60 * 1_000;

/** The header that a delivery's message id comes in, whatever the broker. */
export const MESSAGE_ID_HEADER = 'Nats-Msg-Id';

/**
 * What event delivery asks of a message broker. Two implementations keep this contract, chosen by EVENT_BUS alone:
 * JetStream, and one that lives in the process with its streams in Postgres. One suite of tests runs over both.
 *
 * - A published message is stored before its result is known; the same message id within the dedup window is stored once.
 * - A durable subscription gets every stored message at least once, in stream order for the first delivery, and again
 *   after `retryLater`, or when neither ack nor working() came for ACK_WAIT_MS. Where the stream is consumed in
 *   partitions, the order is that of each owner, and each partition is one instance's at a time.
 * - A subject (of a message, a delivery, what is stored) is what was published, whatever a broker adds for partitions.
 * - `announce` reaches those who listen at this moment, and nobody else. What is published to a stream is heard by them
 *   too, possibly before it is stored, and possibly when it turns out a duplicate.
 */
export interface EventBroker {
  readonly connected: boolean;
  /** What the headers of event delivery's own begin with: `Kith` unless told, and the same for all that share a broker. */
  readonly headerPrefix?: string;
  /** How long its streams keep messages, where that was configured. */
  readonly keepForMs?: number | 'forever' | undefined;
  /** Creates the stream, or adds subjects that it lacks; remembered, so that a wiped broker gets it back. */
  declareStream(stream: StreamName): Promise<void>;
  /**
   * In the order given, pipelined; what follows a failed message is not stored in front of it. One result a message, in
   * the same order.
   */
  publish(messages: readonly Message[]): Promise<PublishResult[]>;
  /** Begins as soon as the broker answers; `stop()` resolves when no delivery comes any more. */
  subscribe(subscription: DurableSubscription): Subscription;
  /** A stream's content in order, above the sequence `after`; ends at what was the end when it began, or later. A missing stream is empty. */
  stored(stream: StreamName, options?: { subject?: string; after?: number }): AsyncIterable<StoredMessage>;
  deleteStored(stream: StreamName, sequence: number): Promise<void>;
  status(): Promise<BrokerStatus>;
  /** What is otherwise than configured of the streams declared here, and of its durables. Missing: nothing can be. */
  differentSettings?(): Promise<readonly SettingDifference[]>;
  /** Makes it as configured, which may drop messages: for an operator to ask for. */
  applySettings?(): Promise<readonly AppliedSetting[]>;
  /** Where traces are recorded, it carries the one that is being handled. */
  announce(subject: string, payload: string): void;
  /** `onMessage` that throws is reported and the message dropped: it never breaks the connection. */
  listen(subject: string, onMessage: OnAnnouncement): Stoppable;
  /** Called after a lost connection has come back: announcements in between were not seen. */
  onReconnect(handler: () => void): Stoppable;
  close(): Promise<void>;
}

/** `trace` reads the announcement's traceparent; asked for, for most listeners never want it. */
export type OnAnnouncement = (payload: string, subject: string, trace: () => string | undefined) => void;

export interface Stoppable {
  stop(): Promise<void>;
}

export interface Subscription extends Stoppable {
  /** Where order is kept, the next instance becomes active once `handled` has resolved. */
  stop(handled?: Promise<void>): Promise<void>;
  /**
   * Resolves once the durable is there, at its starting point, whether or not this instance is the active one; rejects
   * with DurableTaken, and then nothing is delivered. Missing: it is there at once.
   */
  readonly begun?: Promise<void>;
  /**
   * Of one that keeps order, or is partitioned: whether this instance is the one that is given this owner's deliveries;
   * without an owner, whether it is given any. Missing: it always is.
   */
  active?(ownerId?: string): boolean;
}

export interface Message {
  readonly subject: string;
  /** Deduplication id. Never the same for two payloads. */
  readonly id: string;
  readonly payload: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type PublishResult = { readonly sequence: number; readonly duplicate: boolean } | { readonly error: Error };

export interface DurableSubscription {
  readonly stream: StreamName;
  readonly durable: string;
  /** Where a durable begins that is not there yet; one that is there goes on where it stood. Default `all`. */
  readonly startAt?: StartAt | undefined;
  /** Whose it is: the durable of another service is refused. Without a name nobody is. */
  readonly service?: string | undefined;
  /** The service whose durable it was, when a consumer has moved. */
  readonly takesOverFrom?: string | undefined;
  /** How many deliveries may be unacknowledged at once. */
  readonly maxUnacked: number;
  /**
   * After a crash or a lost connection, what was delivered and not acknowledged comes before anything newer. Costs up to
   * ACK_WAIT_MS then; without it, newer messages come at once and the others in between. And of several instances one
   * at a time is given deliveries (single active consumer).
   */
  readonly keepsOrder?: boolean;
  /** Where order is kept: called before the first delivery, whenever this instance becomes the active one. */
  onActive?(): Promise<void>;
  /** Must not throw. */
  onDelivery(delivery: Delivery): void;
}

/**
 * Starting point of a new durable: every event that the stream has, those that are stored from now on, or those that were
 * stored since a moment. `now` is the moment in which the durable is made: should the broker lose it while the service is
 * not running, it is made anew, at another moment; a date stays the same.
 */
export type StartAt = 'all' | 'now' | Date;

export interface Delivery {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  readonly sequence: number;
  readonly storedAt: Date;
  /** 1 for the first. */
  readonly deliveryCount: number;
  ack(): void;
  retryLater(delayMs: number): void;
  /** Still in progress: ACK_WAIT_MS begins again. */
  working(): void;
  /** It is left as it is, unanswered, and this instance does nothing about it any more. */
  leave?(): void;
}

export interface StoredMessage {
  readonly sequence: number;
  readonly subject: string;
  /** What it was published with; of an event: `eventIdOf` tells which. */
  readonly id: string | undefined;
  readonly storedAt: Date;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Uint8Array;
}

export interface BrokerStatus {
  readonly streams: readonly {
    name: string;
    /** Another text: another stream of that name. */
    createdAt: string;
    messages: number;
    bytes: number;
    /** About how many messages are kept at most: the oldest are dropped for more. Undefined where only age is a limit. */
    mostMessages?: number;
    /** Of an empty stream: of the next message. */
    firstSequence: number;
    lastSequence: number;
    /** In a cluster: which server leads it. */
    leader?: string | undefined;
    /** By its settings some go from between others that stay, as where a subject keeps its last message alone. */
    dropsFromBetween?: boolean;
  }[];
  /** `lag`: stored and not yet delivered; `unacked`: delivered and in flight; all through `ackedThrough` is handled. */
  readonly consumers: readonly {
    stream: string;
    durable: string;
    lag: number;
    unacked: number;
    redelivered: number;
    ackedThrough: number;
    /** Whose it is, where it has said so. */
    service?: string | undefined;
    /** When the first event was stored that it may have been given; undefined: all there are. */
    since?: Date | undefined;
    /** Of one that is consumed in partitions: what each has before it. The figures above are of all together. */
    partitions?: readonly { readonly name: string; readonly lag: number; readonly unacked: number }[];
  }[];
}
