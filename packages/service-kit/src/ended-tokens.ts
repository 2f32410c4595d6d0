import type { TokensEnded } from '@kith/event-contracts';
import type { Viewer } from './verify-token.ts';

/** About 20 MB at most. */
const MAX_REMEMBERED = 200_000;

/** The access tokens that must not work any more although they have not expired. */
export interface EndedTokens {
  add(ended: TokensEnded): void;
  /** Whether the token is of a session that was ended, or of a user who was deleted. */
  has(viewer: Pick<Viewer, 'userId' | 'sessionId'>): boolean;
  readonly size: number;
}

/**
 * Remembers each id until its tokens would have expired anyway, and at most `maxRemembered`: beyond that the one that
 * was ended longest ago goes, whose tokens are the next to expire.
 */
export function createEndedTokens({ maxRemembered = MAX_REMEMBERED, now = Date.now } = {}): EndedTokens {
  const untilOf = new Map<string, number>();

  function forgetExpired(): void {
    // In the order they came; all live equally long, but for the clocks of hosts.
    for (const [id, until] of untilOf) {
      if (until > now() && untilOf.size <= maxRemembered) return;
      untilOf.delete(id);
    }
  }

  return {
    add({ ids, until }) {
      for (const id of ids) {
        untilOf.delete(id);
        untilOf.set(id, until);
      }
      forgetExpired();
    },
    has: ({ userId, sessionId }) => (untilOf.get(sessionId) ?? 0) > now() || (untilOf.get(userId) ?? 0) > now(),
    get size() {
      return untilOf.size;
    },
  };
}
