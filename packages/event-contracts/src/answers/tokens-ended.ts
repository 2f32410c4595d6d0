import { z } from 'zod';

/**
 * Sessions whose ids, which rise with the time, are above one and through another, but not those named: what a restore of
 * the database has lost, and nobody has a list of.
 */
const sessionRangeSchema = z.object({ above: z.string(), through: z.string(), but: z.array(z.string()) });
export type SessionRange = z.output<typeof sessionRangeSchema>;

/** An id of nothing, where `sessions` alone says whose tokens have ended: processes from before they could be told need one. */
export const NO_ID = '00000000-0000-0000-0000-000000000000';

/**
 * Access tokens that stop working before they expire: those whose `sid` or `sub` is one of `ids` (a session that was
 * ended, a user who was deleted), or whose `sid` lies in `sessions`. `until` is when the last of them would have expired by itself, in ms since 1970.
 */
export const tokensEndedSchema = z.object({
  ids: z.array(z.string().min(1)).min(1),
  until: z.number(),
  sessions: sessionRangeSchema.optional(),
});
export type TokensEnded = z.output<typeof tokensEndedSchema>;

/** What the user service answers at `TOKENS_ENDED_PATH?since=<ms>`: all that ended since then, and what time it is there. */
export const tokensEndedSinceSchema = z.object({ now: z.number(), ended: z.array(tokensEndedSchema) });
export type TokensEndedSince = z.output<typeof tokensEndedSinceSchema>;

/** On the user service; asked with the gateway's key. */
export const TOKENS_ENDED_PATH = '/tokens/ended';
