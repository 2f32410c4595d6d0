import { KithError } from '@kith/service-kit';
import { z } from 'zod';
import type { Match } from './find-matches.ts';

/** The position of a search: the phase, and the last match read in it. */
export interface SearchPosition extends Match {
  readonly phase: number;
}

const cursorSchema = z.tuple([
  z.int().min(0).max(100),
  // Postgres text has no NUL.
  z
    .string()
    .max(256)
    .regex(/^\P{Cc}*$/u),
  z.int().min(0).max(2),
  z.uuid(),
]);

export function writeSearchCursor({ phase, word, kind, userId }: SearchPosition): string {
  return Buffer.from(JSON.stringify([phase, word, kind, userId])).toString('base64url');
}

/** KithError BAD_USER_INPUT with field `after` for anything that is not our cursor. */
export function readSearchCursor(cursor: string): SearchPosition {
  try {
    const json: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    const [phase, word, kind, userId] = cursorSchema.parse(json);
    return { phase, word, kind, userId };
  } catch {
    throw new KithError('BAD_USER_INPUT', 'after is not a cursor of this list.', { field: 'after' });
  }
}
