import { setTimeout as sleep } from 'node:timers/promises';
import {
  AckPolicy,
  type ConsumerConfig,
  type ConsumerInfo,
  type ConsumerMessages,
  DeliverPolicy,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { type NatsConnection, nanos } from 'nats';
import { ACK_WAIT_MS, type DurableSubscription, type StartAt, type Stoppable } from '../../broker/broker.ts';
import { DurableTaken, mayConsume } from '../../broker/durable-taken.ts';
import type { StreamSettings } from '../../broker/stream-settings.ts';
import type { Log } from '../../observe/log.ts';
import type { GatheredAcks } from './gather-acks.ts';
import { putDurable } from './put-durable.ts';

/** From a server that has nothing to send. */
const HEARTBEAT_MS = 1_000;
/** By how much the server's clock of redeliveries may be late. */
const DUE_WITHIN_MS = 300;

export interface Pull {
  nc: NatsConnection;
  jsm: JetStreamManager;
  log: Log;
  acks: GatheredAcks;
  /** Makes sure that the stream exists; the durable is then added below. */
  ensureStream: (name: string) => Promise<void>;
  /** Whether the stream takes subjects that are marked for partitions alone, as it was last seen. */
  isMarked: (stream: string) => boolean;
  onReconnect: (handler: () => void) => Stoppable;
  /** Of the stream of leases. */
  settings: StreamSettings;
}

export interface Opened {
  readonly messages: ConsumerMessages;
  /** How many deliveries nobody has acknowledged, asked for where order is kept. */
  readonly comingAgain: number;
}

/** What a durable says of itself. In its description, which every server since 2.9 keeps; metadata came later. */
const DESCRIPTION = /^(?:Since (?<since>\S+)\. )?Consumed by (?<service>.*)$/;
const read = ({ description = '' }: ConsumerConfig) => DESCRIPTION.exec(description)?.groups ?? {};

/** `since`: of one that goes on where another stood, which began there. */
export function describeDurable(service: string | undefined, since?: Date): { description: string } | undefined {
  if (service === undefined && since === undefined) return undefined;
  return { description: `${since ? `Since ${since.toISOString()}. ` : ''}Consumed by ${service ?? ''}` };
}

/** The service that owns a durable. */
export const serviceOf = ({ config }: Pick<ConsumerInfo, 'config'>): string | undefined =>
  read(config).service || undefined;

/** When the first message was stored that it may be given; undefined: all there are. */
export function startOf({ config, created }: Pick<ConsumerInfo, 'config' | 'created'>): Date | undefined {
  const { since } = read(config);
  if (since !== undefined) return new Date(since);
  if (config.deliver_policy === DeliverPolicy.New) return new Date(created);
  return config.deliver_policy === DeliverPolicy.StartTime ? new Date(config.opt_start_time ?? created) : undefined;
}

export interface Declaration {
  /** This process has not had it before; one that it had, and that went with the broker's storage, is given all that comes. */
  readonly isFirst: boolean;
  /** Of one partition. */
  readonly filter?: string | undefined;
  /** Asked when it is not there; without it, it is made. */
  readonly mayMake?: (() => Promise<boolean>) | undefined;
}

/**
 * Makes the durable, with its stream, or brings it up to date. Resolves to whether it is there.
 *
 * @throws {DurableTaken} when it is another service's
 */
export async function declareDurable(
  pull: Pull,
  subscription: DurableSubscription,
  { isFirst, filter, mayMake }: Declaration,
): Promise<boolean> {
  const { stream, startAt = 'all' } = subscription;
  await pull.ensureStream(stream.name);
  const wanted = durableConfig(subscription, { filter, ...startingAt(isFirst ? startAt : 'all') });
  return putDurable(pull.jsm, stream.name, wanted, {
    refuse: (existing) => refuseAnothers(existing, subscription),
    describe: (existing) => {
      const { since } = read(existing.config);
      return describeDurable(subscription.service, since === undefined ? undefined : new Date(since))?.description;
    },
    ...(mayMake && { mayMake }),
  });
}

/** @throws {DurableTaken} when it is another service's */
export function refuseAnothers(existing: ConsumerInfo, subscription: DurableSubscription): void {
  const { stream, durable, service } = subscription;
  const by = serviceOf(existing);
  if (!mayConsume(by, subscription)) throw new DurableTaken({ stream: stream.name, durable, by: by ?? '', service });
}

/** How a durable is made. */
export function durableConfig(
  { durable, maxUnacked, service }: DurableSubscription,
  { filter, ...start }: { filter?: string | undefined } & Partial<ConsumerConfig>,
) {
  return {
    durable_name: durable,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ACK_WAIT_MS),
    max_ack_pending: maxUnacked,
    // How often an event is tried is the consumer's decision, which ends in a dead letter, not in silence.
    max_deliver: -1,
    ...(filter !== undefined && { filter_subject: filter }),
    ...describeDurable(service),
    ...start,
  };
}

export function startingAt(start: StartAt): Pick<ConsumerConfig, 'deliver_policy'> & Partial<ConsumerConfig> {
  if (start === 'all') return { deliver_policy: DeliverPolicy.All };
  if (start === 'now') return { deliver_policy: DeliverPolicy.New };
  return { deliver_policy: DeliverPolicy.StartTime, opt_start_time: start.toISOString() };
}

/** Begins to ask for messages. */
export async function openDurable(pull: Pull, subscription: DurableSubscription, signal: AbortSignal): Promise<Opened> {
  const { stream, durable, maxUnacked, keepsOrder } = subscription;
  const consumer = await pull.jsm.jetstream().consumers.get(stream.name, durable);
  const comingAgain = keepsOrder ? (await consumer.info()).num_ack_pending : 0;
  // The server gives what is due again before anything new; so nothing is asked for until it is due.
  if (comingAgain > 0) await sleep(ACK_WAIT_MS + DUE_WITHIN_MS, undefined, { signal });
  signal.throwIfAborted();
  const messages = await consumer.consume({
    max_messages: Math.min(maxUnacked, 500),
    expires: 5_000,
    // Who leads the consumer next does not know what the last leader was asked: after two it is asked again.
    idle_heartbeat: HEARTBEAT_MS,
    abort_on_missing_resource: true,
  });
  return { messages, comingAgain };
}
