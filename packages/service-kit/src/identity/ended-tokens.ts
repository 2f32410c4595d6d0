import type { SessionRange, TokensEnded } from '@kith/event-contracts';
import type { Viewer } from './verify-token.ts';

/** About 20 MB at most. */
const MAX_REMEMBERED = 200_000;

/** Far more than the database restores within the life of a token. The oldest are dropped. */
const MAX_RANGES = 50;

/** Revocation list: access tokens that are revoked although they have not expired. */
export interface EndedTokens {
  add(ended: TokensEnded): void;
  /** Whether the token is of a session that was ended or lost, or of a user who was deleted. */
  has(viewer: Pick<Viewer, 'userId' | 'sessionId'>): boolean;
  readonly size: number;
}

/**
 * Remembers each id until its tokens would have expired anyway, and at most `maxRemembered`: beyond that the id that
 * ended longest ago is dropped, whose tokens are the next to expire.
 */
export function createEndedTokens({ maxRemembered = MAX_REMEMBERED, now = Date.now } = {}): EndedTokens {
  const untilOf = new Map<string, number>();
  let ranges: { range: SessionRange; until: number }[] = [];

  function forgetExpired(): void {
    // In order of insertion; all live equally long, apart from clock skew.
    for (const [id, until] of untilOf) {
      if (until > now() && untilOf.size <= maxRemembered) return;
      untilOf.delete(id);
    }
  }

  return {
    add({ ids, until, sessions }) {
      if (sessions) {
        const { above, through } = sessions;
        const others = ranges.filter(({ range }) => range.above !== above || range.through !== through);
        ranges = [...others, { range: sessions, until }].filter((each) => each.until > now()).slice(-MAX_RANGES);
        return;
      }
      for (const id of ids) {
        untilOf.delete(id);
        untilOf.set(id, until);
      }
      forgetExpired();
    },
    has: ({ userId, sessionId }) =>
      (untilOf.get(sessionId) ?? 0) > now() ||
      (untilOf.get(userId) ?? 0) > now() ||
      (ranges.length > 0 && ranges.some(({ range, until }) => until > now() && isWithin(range, sessionId))),
    get size() {
      return untilOf.size;
    },
  };
}

function isWithin({ above, through, but }: SessionRange, sessionId: string): boolean {
  return sessionId > above && sessionId <= through && !but.includes(sessionId);
}
