import type { TokensEndedSince } from '@kith/event-contracts';
import { type HttpHandler, sendJson } from '@kith/service-kit';
import type pg from 'pg';
import { lostSessionsSince } from './lost-sessions.ts';
import { CLOCKS_DIFFER_MS, tokensLiveUntil } from './tokens-live-until.ts';

/** More than this end in so short a time only when something is very wrong; verifiers keep no more either. */
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

/** The sessions ended or lost and the users deleted since then, for as long as their tokens may live. */
export async function endedSince(pool: pg.Pool, sinceMs: number, tokenTtlS: number): Promise<TokensEndedSince> {
  const now = Date.now();
  const livingFrom = now - tokenTtlS * 1000 - CLOCKS_DIFFER_MS;
  const since = new Date(Math.max(sinceMs, livingFrom));
  const [{ rows }, lost] = await Promise.all([
    pool.query<{ id: string; at: Date }>({ ...ENDED_SINCE, values: [since] }),
    lostSessionsSince(pool, since, tokenTtlS),
  ]);
  const ended = rows.reverse().map(({ id, at }) => ({ ids: [id], until: tokensLiveUntil(at, tokenTtlS) }));
  return { now, ended: [...ended, ...lost] };
}

export function answerEndedSince(pool: pg.Pool, tokenTtlS: number): HttpHandler {
  return async (request, response) => {
    const since = Number(new URL(request.url ?? '', 'http://localhost').searchParams.get('since') ?? 0);
    sendJson(response, 200, await endedSince(pool, Number.isFinite(since) ? since : 0, tokenTtlS));
  };
}
