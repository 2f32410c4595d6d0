import { z } from 'zod';

/**
 * Access tokens that stop working before they expire: those whose `sid` or `sub` is one of `ids` (a session that was
 * ended, a user who was deleted). `until` is when the last of them would have expired by itself, in ms since 1970.
 */
export const tokensEndedSchema = z.object({ ids: z.array(z.string().min(1)).min(1), until: z.number() });
export type TokensEnded = z.output<typeof tokensEndedSchema>;

/** What the user service answers at `TOKENS_ENDED_PATH?since=<ms>`: all that ended since then, and what time it is there. */
export const tokensEndedSinceSchema = z.object({ now: z.number(), ended: z.array(tokensEndedSchema) });
export type TokensEndedSince = z.output<typeof tokensEndedSinceSchema>;

/** On the user service; asked with the gateway's key. */
export const TOKENS_ENDED_PATH = '/tokens/ended';
