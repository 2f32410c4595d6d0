import { hasSomethingToSee, isOneLine, keepsItsDirection, saysNothing } from '@kith/written-text';
import { FriendRuleError } from './friend-rule-error.ts';

export const TEXT_LIMITS = { remark: 64, message: 200, tag: 32, tags: 10 } as const;

/**
 * Trimmed and composed (NFC) text of at most `limit` characters (code points); null when nobody has written anything.
 * It is shown on one line, there is something to see of it, and it turns nothing around it.
 * Throws FriendRuleError BAD_USER_INPUT with the field, and the limit where that is what was passed.
 */
export function writtenText(field: string, text: string | null | undefined, limit: number): string | null {
  if (saysNothing(text ?? '')) return null;
  const trimmed = (text ?? '').trim();
  if (!isOneLine(trimmed)) throw badInput(field, `${field} must not contain control characters.`);
  const composed = trimmed.length > limit * MOST_UNITS_TO_A_CHARACTER ? trimmed : trimmed.normalize('NFC');
  // Two code units at most to a code point: far longer texts are refused without being taken apart.
  if (composed.length > limit * 2 || [...composed].length > limit) {
    throw badInput(field, `${field} must have at most ${limit} characters.`, limit);
  }
  if (!hasSomethingToSee(composed)) throw badInput(field, `${field} must hold something to see, or be empty.`);
  if (!keepsItsDirection(composed)) throw badInput(field, `${field} must not turn the direction of text around it.`);
  return composed;
}

/** A Greek vowel with all that can stand on it; what is longer by more is too long however it is composed. */
const MOST_UNITS_TO_A_CHARACTER = 8;

function badInput(field: string, message: string, limit?: number): FriendRuleError {
  return new FriendRuleError('BAD_USER_INPUT', message, limit === undefined ? { field } : { field, limit });
}

/** Trimmed, without empty or repeated ones, in the order given. Throws as writtenText does. */
export function writtenTags(tags: readonly string[]): string[] {
  const kept = new Set(tags.flatMap((tag) => writtenText('tags', tag, TEXT_LIMITS.tag) ?? []));
  if (kept.size > TEXT_LIMITS.tags) {
    throw badInput('tags', `tags must be at most ${TEXT_LIMITS.tags}.`, TEXT_LIMITS.tags);
  }
  return [...kept];
}
