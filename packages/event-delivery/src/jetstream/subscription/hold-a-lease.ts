import { setTimeout as sleep } from 'node:timers/promises';
import { DiscardPolicy, type JetStreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { nanos } from 'nats';
import { LEASE_STREAM, lease as leaseSubject } from '../../broker/durable-names.ts';
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

/**
 * Lease for a single active consumer: one message on one subject, created and renewed by compare-and-set on the
 * subject's last sequence, which the server lets expire. Resolves when it is held; rejects when `signal` is aborted.
 */
export async function holdALease(
  options: { jsm: JetStreamManager; log: Log; settings: StreamSettings },
  name: { stream: string; durable: string },
  signal: AbortSignal,
): Promise<Lease> {
  const { jsm, log } = options;
  const subject = leaseSubject(name.stream, name.durable);
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

  for (;;) {
    signal.throwIfAborted();
    try {
      await putLeaseStream(jsm, options.settings);
      await write();
      break;
    } catch (error) {
      log.debug({ ...name, error: String(error) }, 'another instance consumes; waiting for it to go');
    }
    await sleep(ASK_AGAIN_AFTER_MS, undefined, { signal });
  }

  async function renew(): Promise<void> {
    try {
      await write();
    } catch (error) {
      log.debug({ ...name, error: String(error) }, 'the lease of a consumer was not renewed');
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
    subjects: [leaseSubject('*', '*')],
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
