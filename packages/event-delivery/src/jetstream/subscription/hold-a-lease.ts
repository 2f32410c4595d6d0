import { setTimeout as sleep } from 'node:timers/promises';
import { DiscardPolicy, type JetStreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { nanos } from 'nats';
import { LEASE_STREAM, lease as leaseOf } from '../../broker/durable-names.ts';
import type { StreamSettings } from '../../broker/stream-settings.ts';
import type { Log } from '../../observe/log.ts';

/** A lease that is not renewed is free again after this time. */
const TTL_MS = 6_000;
const RENEW_EVERY_MS = 1_500;
const ANSWER_WITHIN_MS = 1_000;
/** By how much earlier than the server the holder takes its lease to end. */
const MARGIN_MS = 1_000;
const ASK_AGAIN_AFTER_MS = 500;

export interface Lease {
  /** False from the moment on when another instance may have it, also in a process that was frozen meanwhile. */
  held(): boolean;
  /** Aborted when it is lost. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

export interface Leasing {
  readonly jsm: JetStreamManager;
  readonly log: Log;
  readonly settings: StreamSettings;
}

/** Waits until the lease is free, and takes it; rejects when `signal` is aborted. */
export async function holdALease(options: Leasing, subject: string, signal: AbortSignal): Promise<Lease> {
  for (;;) {
    signal.throwIfAborted();
    const lease = await takeLease(options, subject);
    if (lease) return lease;
    await sleep(ASK_AGAIN_AFTER_MS, undefined, { signal });
  }
}

/**
 * Lease, for a single active consumer: one message on one subject, created and renewed by compare-and-set on the
 * subject's last sequence, which the server lets expire. Resolves to undefined while another has it, or nobody can say.
 */
export async function takeLease({ jsm, log, settings }: Leasing, subject: string): Promise<Lease | undefined> {
  const js = jsm.jetstream();
  const lost = new AbortController();
  let sequence = 0;
  let until = 0;

  async function write(): Promise<void> {
    const sentAt = performance.now();
    const ack = await js.publish(subject, '', {
      expect: { lastSubjectSequence: sequence },
      timeout: ANSWER_WITHIN_MS,
      retries: 0,
    });
    sequence = ack.seq;
    until = sentAt + TTL_MS - MARGIN_MS;
  }

  try {
    await putLeaseStream(jsm, settings);
    await write();
  } catch (error) {
    log.debug({ subject, error: String(error) }, 'another instance has the lease');
    return undefined;
  }

  async function renew(): Promise<void> {
    try {
      await write();
    } catch (error) {
      log.debug({ subject, error: String(error) }, 'a lease was not renewed');
    }
    if (performance.now() >= until) lost.abort();
  }

  const renewing = setInterval(() => void renew(), RENEW_EVERY_MS);
  return {
    held: () => !lost.signal.aborted && performance.now() < until,
    lost: lost.signal,
    async release() {
      clearInterval(renewing);
      lost.abort();
      // Should this fail, it expires.
      if (performance.now() < until) await jsm.streams.deleteMessage(LEASE_STREAM, sequence, false).catch(() => false);
    },
  };
}

async function putLeaseStream(jsm: JetStreamManager, { replicas = 1, placementTags }: StreamSettings): Promise<void> {
  const known = await jsm.streams.info(LEASE_STREAM).catch(() => undefined);
  if (known) return;
  await jsm.streams.add({
    name: LEASE_STREAM,
    subjects: [leaseOf('*', '*')],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_msgs_per_subject: 1,
    max_age: nanos(TTL_MS),
    duplicate_window: nanos(RENEW_EVERY_MS),
    num_replicas: replicas,
    ...(placementTags && { placement: { cluster: '', tags: [...placementTags] } }),
  });
}
