/** What came of one request to an endpoint. */
export interface Attempt {
  /** `gone`: the endpoint says that it will never be there again (410). */
  readonly outcome: 'delivered' | 'failed' | 'gone';
  /** Of the answer; undefined when there was none. */
  readonly status?: number;
  /** Why it failed, by a code: `HTTP_500`, `TIMEOUT`, `ADDRESS_REFUSED`, `ECONNREFUSED`. */
  readonly problem?: string;
  readonly tookMs: number;
  /** How long the endpoint asks to be left alone. */
  readonly retryAfterMs?: number;
}

export interface RetryPolicy {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** The longest that an endpoint may ask to be left alone, and that backoff grows to. */
export const MOST_BETWEEN_TRIES_MS = 3_600_000;

/** What becomes of a delivery: sent, tried again at a moment, or given up. */
export type Next =
  | { readonly state: 'delivered' }
  | { readonly state: 'dead' }
  | { readonly state: 'pending'; readonly tryAt: Date };

/**
 * Decides by the attempt that was made last. A delivery is tried until `giveUpAt`, the last time at that moment itself.
 *
 * @param backoff milliseconds to wait after a number of tries, with jitter
 */
export function afterAnAttempt(
  attempt: Attempt,
  {
    attempts,
    giveUpAt,
    now,
    backoff,
  }: { attempts: number; giveUpAt: Date; now: Date; backoff: (attempts: number) => number },
): Next {
  if (attempt.outcome === 'delivered') return { state: 'delivered' };
  // Its endpoint is paused: it is kept for when that is back.
  if (attempt.outcome === 'gone') return { state: 'pending', tryAt: now };
  if (now >= giveUpAt) return { state: 'dead' };
  const asked = Math.min(attempt.retryAfterMs ?? 0, MOST_BETWEEN_TRIES_MS);
  const later = now.getTime() + Math.max(asked, backoff(attempts));
  return { state: 'pending', tryAt: new Date(Math.min(later, giveUpAt.getTime())) };
}
