import { hasSomethingToSee, isOneLine, keepsItsDirection } from '@kith/written-text';
import { isPublicHost } from '@kith/written-text/public-host';
import { UserRuleError } from './user-rule-error.ts';

const TEXT_LIMITS = {
  username: { min: 3, max: 32 },
  password: { min: 8, max: 128 },
  nickname: { min: 1, max: 64 },
  avatarUrl: { min: 1, max: 2048 },
} as const;

const USERNAME = /^[a-z0-9_]*$/;

/** Imported names (`n7` of a data set) may be shorter than those that people choose. */
export const SHORTEST_IMPORTED_USERNAME = 1;

/**
 * Case-folded and trimmed. Throws UserRuleError BAD_USER_INPUT with the field, and the bound that was exceeded, if any.
 */
export function writtenUsername(text: string, shortest: number = TEXT_LIMITS.username.min): string {
  const username = text.trim().toLowerCase();
  checkLength('username', username, { shortest });
  if (!USERNAME.test(username)) throw badInput('username', 'username may hold only a–z, 0–9 and _.');
  return username;
}

/**
 * Trimmed and composed (NFC), so that one name has one spelling. Emoji and every script are allowed, as long as
 * something is visible and the direction of surrounding text stays.
 */
export function writtenNickname(text: string): string {
  const nickname = checkedText('nickname', text.trim()).normalize('NFC');
  checkLength('nickname', nickname);
  if (!hasSomethingToSee(nickname)) throw badInput('nickname', 'nickname must hold something to see.');
  if (!keepsItsDirection(nickname)) {
    throw badInput('nickname', 'nickname must not turn the direction of text around it.');
  }
  return nickname;
}

/** The password as it will be hashed: composed (NFKC, as RFC 8265 asks), so that every keyboard writes the same bytes. */
export function writtenPassword(field: string, text: string): string {
  const password = normalizedPassword(text);
  checkLength('password', password, { field });
  return password;
}

/**
 * Normalized for hashing, without the rules for new passwords: at sign-in a password that is too short is merely wrong.
 */
export function normalizedPassword(text: string): string {
  return text.normalize('NFKC');
}

/**
 * The form that every parser reads alike: two slashes, a host, no user name, and no backslash (some read it as a
 * slash).
 */
const PLAIN_HTTPS = /^https:\/\/[^/?#\\@\s]+(?:[/?#][^\\\s]*)?$/i;

/**
 * An absolute https URL without credentials, of a host on the public internet: clients and preview services fetch it from
 * inside their own networks (SSRF). null clears.
 */
export function writtenAvatarUrl(text: string | null): string | null {
  if (text === null) return null;
  const url = checkedText('avatarUrl', text.trim());
  checkLength('avatarUrl', url);
  const parsed = URL.parse(url);
  if (parsed === null || !PLAIN_HTTPS.test(url)) {
    throw badInput('avatarUrl', 'avatarUrl must be an https:// URL without a user name or a backslash in it.');
  }
  if (!isPublicHost(parsed.hostname)) {
    throw badInput('avatarUrl', 'avatarUrl must name a host on the public internet, not one of a private network.');
  }
  return url;
}

function checkedText(field: string, text: string): string {
  if (!isOneLine(text)) throw badInput(field, `${field} must not contain control characters.`);
  return text;
}

/** Length in code points: close to what a user counts, and unlike graphemes it bounds what is stored. */
function checkLength(
  rule: keyof typeof TEXT_LIMITS,
  text: string,
  { field = rule, shortest = TEXT_LIMITS[rule].min }: { field?: string; shortest?: number } = {},
): void {
  const { max } = TEXT_LIMITS[rule];
  // A code point has at most two code units: far longer texts are refused without being split.
  const length = text.length > max * 2 ? text.length : [...text].length;
  if (length >= shortest && length <= max) return;
  throw badInput(field, `${field} must have ${shortest} to ${max} characters.`, length < shortest ? shortest : max);
}

function badInput(field: string, message: string, limit?: number): UserRuleError {
  return new UserRuleError('BAD_USER_INPUT', message, limit === undefined ? { field } : { field, limit });
}
