import { backoffMs } from '@kith/event-delivery';
import type { Logger } from '@kith/service-kit';
import type pg from 'pg';
import type { Dispatcher } from 'undici';
import { type Due, findDue } from '../deliveries/queue-deliveries.ts';
import { settleDelivery } from '../deliveries/settle-delivery.ts';
import { attemptsMade, deliveriesDead } from '../deliveries/webhook-metrics.ts';
import { type Attempt, afterAnAttempt, MOST_BETWEEN_TRIES_MS } from '../domain/after-an-attempt.ts';
import { leaseEndpoint, pauseEndpoint, releaseEndpoint, type Secrets } from '../endpoints/endpoint-rows.ts';
import { createBell } from './bell.ts';
import { sendSigned } from './send-signed.ts';

/** Owners at once, and connections: an endpoint that is slow keeps as many places as it has, and nobody else's. */
export const OWNERS_AT_ONCE = 4;
/** Also how often the lease is renewed, and another process's queueing is noticed. */
const LOOK_EVERY_MS = 1_000;
/** How much longer a lease is than an attempt: what a frozen process was sending is over when another begins. */
const LEASE_LONGER_BY_MS = 5_000;

export interface WorkParts {
  readonly pool: pg.Pool;
  /** This process, as the lease names it. */
  readonly holder: string;
  readonly timeoutMs: number;
  readonly retryFirstMs: number;
  /** Connections to this URL and no other. */
  readonly connect: (url: URL) => Dispatcher;
  readonly now: () => Date;
  readonly log: Logger;
}

export interface Worker {
  /** Something was queued for it. */
  wake(): void;
  /** Ends what is in hand; it is sent again, here or elsewhere. */
  stop(): Promise<void>;
}

/**
 * Bulkhead: one endpoint's queue, worked through by a loop and connections of its own, so that what it waits for delays no
 * other. Of each owner one delivery at a time, by revision.
 */
export function workThroughEndpoint(endpointId: string, parts: WorkParts): Worker {
  const { pool, holder, log } = parts;
  const bell = createBell();
  const stopping = new AbortController();
  const inHand = new Map<string, Promise<void>>();
  let connections: Dispatcher | undefined;

  async function attempt(due: Due, url: URL, secrets: Secrets): Promise<Attempt> {
    connections ??= parts.connect(url);
    const message = { id: due.eventId, body: due.body };
    const { timeoutMs, now } = parts;
    return sendSigned(message, { url, secrets, connections, timeoutMs, now, signal: stopping.signal });
  }

  async function deliver(due: Due, url: URL, secrets: Secrets): Promise<void> {
    const made = await attempt(due, url, secrets);
    // Cut off by the stop, and no fault of the endpoint.
    if (stopping.signal.aborted && made.outcome === 'failed' && made.status === undefined) return;
    if (made.outcome === 'gone') await pauseEndpoint(pool, endpointId, '410 Gone');
    const next = afterAnAttempt(made, {
      attempts: due.attempts + 1,
      giveUpAt: due.giveUpAt,
      now: parts.now(),
      backoff: (attempts) => backoffMs(attempts, { firstMs: parts.retryFirstMs, mostMs: MOST_BETWEEN_TRIES_MS }),
    });
    await settleDelivery(pool, due.id, made, next);
    attemptsMade.inc({ outcome: made.outcome });
    if (next.state === 'dead') deliveriesDead.inc();
    if (next.state !== 'delivered')
      log.warn({ endpointId, delivery: due.id, ...made, next: next.state }, 'a webhook was not taken');
  }

  async function look(): Promise<void> {
    const leased = await leaseEndpoint(pool, endpointId, { holder, leaseMs: parts.timeoutMs + LEASE_LONGER_BY_MS });
    const atMost = OWNERS_AT_ONCE - inHand.size;
    if (!leased || atMost <= 0) return;
    for (const due of await findDue(pool, endpointId, { inHand: [...inHand.keys()], atMost })) {
      const work = deliver(due, new URL(leased.url), leased.secrets)
        .catch((err) =>
          log.warn({ err, endpointId }, 'what came of a webhook could not be written down: it is sent again'),
        )
        .finally(() => {
          inHand.delete(due.id);
          bell.ring();
        });
      inHand.set(due.id, work);
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await look().catch((err) => log.warn({ err, endpointId }, 'webhooks wait: the database does not answer'));
      await bell.rungOrAfter(LOOK_EVERY_MS);
    }
  }

  const running = run();
  return {
    wake: bell.ring,
    async stop() {
      stopping.abort();
      bell.ring();
      await running;
      await Promise.all(inHand.values());
      await connections?.destroy();
      await releaseEndpoint(pool, endpointId, holder).catch(() => undefined);
    },
  };
}
