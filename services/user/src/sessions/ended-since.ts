import type { TokensEndedSince } from '@kith/event-contracts';
import { type HttpHandler, sendJson } from '@kith/service-kit';
import type pg from 'pg';

/** More end in so short a time only when something is very wrong; verifiers keep no more than that either. */
const AT_MOST = 100_000;

const ENDED_SINCE = {
  name: 'tokens-ended-since',
  text: `
    SELECT id, at FROM (
      SELECT id, ended_at AS at FROM session WHERE ended_at > $1
      UNION ALL
      SELECT id, deleted_at FROM users WHERE deleted_at > $1
    ) AS ended
    ORDER BY at DESC LIMIT ${AT_MOST}`,
};

/** The sessions that were ended and the users that were deleted since, as long as tokens of theirs may live. */
export async function endedSince(pool: pg.Pool, sinceMs: number, tokenTtlS: number): Promise<TokensEndedSince> {
  const now = Date.now();
  const livingFrom = now - tokenTtlS * 1000 - CLOCKS_DIFFER_MS;
  const { rows } = await pool.query<{ id: string; at: Date }>({
    ...ENDED_SINCE,
    values: [new Date(Math.max(sinceMs, livingFrom))],
  });
  return { now, ended: rows.reverse().map(({ id, at }) => ({ ids: [id], until: tokensLiveUntil(at, tokenTtlS) })) };
}

/** When the last token that was issued before `endedAt` has expired for every verifier, in ms since 1970. */
export function tokensLiveUntil(endedAt: Date, tokenTtlS: number): number {
  return endedAt.getTime() + tokenTtlS * 1000 + CLOCKS_DIFFER_MS;
}

/** Clocks of two hosts, and what verifiers forgive. */
const CLOCKS_DIFFER_MS = 15_000;

export function answerEndedSince(pool: pg.Pool, tokenTtlS: number): HttpHandler {
  return async (request, response) => {
    const since = Number(new URL(request.url ?? '', 'http://localhost').searchParams.get('since') ?? 0);
    sendJson(response, 200, await endedSince(pool, Number.isFinite(since) ? since : 0, tokenTtlS));
  };
}
