import { FriendRuleError } from './friend-rule-error.ts';

export const TEXT_LIMITS = { remark: 64, message: 200, tag: 32, tags: 10 } as const;

/** What people write about each other is shown on one line: no control characters, NUL and line breaks included. */
const CONTROL_CHARACTER = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/**
 * Trimmed text of at most `limit` characters (code points); null when nothing is left of it.
 * Throws FriendRuleError BAD_USER_INPUT with the field, and the limit where that is what was passed.
 */
export function writtenText(field: string, text: string | null | undefined, limit: number): string | null {
  const trimmed = (text ?? '').trim();
  // Half a surrogate pair is no character: neither UTF-8 nor Postgres' JSON can hold it.
  if (CONTROL_CHARACTER.test(trimmed) || !trimmed.isWellFormed()) {
    throw new FriendRuleError('BAD_USER_INPUT', `${field} must not contain control characters.`, { field });
  }
  // Two code units at most to a code point: far longer texts are refused without being taken apart.
  if (trimmed.length > limit * 2 || [...trimmed].length > limit) {
    throw new FriendRuleError('BAD_USER_INPUT', `${field} must have at most ${limit} characters.`, { field, limit });
  }
  return trimmed === '' ? null : trimmed;
}

/** Trimmed, without empty or repeated ones, in the order given. Throws as writtenText does. */
export function writtenTags(tags: readonly string[]): string[] {
  const kept = new Set(tags.flatMap((tag) => writtenText('tags', tag, TEXT_LIMITS.tag) ?? []));
  if (kept.size > TEXT_LIMITS.tags) {
    throw new FriendRuleError('BAD_USER_INPUT', `tags must be at most ${TEXT_LIMITS.tags}.`, {
      field: 'tags',
      limit: TEXT_LIMITS.tags,
    });
  }
  return [...kept];
}
