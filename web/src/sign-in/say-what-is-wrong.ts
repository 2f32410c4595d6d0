/** What an input takes, as it stands in the form. */
export interface Asked {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  /** Characters (code points), as the services count them; 0 or undefined for no limit. */
  readonly minLength?: number | undefined;
  readonly maxLength?: number | undefined;
  /** A regular expression that the whole value has to match. */
  readonly pattern?: string | undefined;
}

const MISSING: Readonly<Record<string, string>> = {
  nickname: 'Enter a name.',
  username: 'Enter a username.',
  password: 'Enter a password.',
  currentPassword: 'Enter your current password.',
  newPassword: 'Enter a new password.',
};

/** The first thing about a value that the services would refuse, in words for whoever typed it; undefined for none. */
export function sayWhatIsWrong(value: string, asked: Asked): string | undefined {
  // White space is a part of a password, and of nothing else.
  const text = asked.type === 'password' ? value : value.trim();
  if (text === '') return asked.required ? (MISSING[asked.name] ?? 'Fill this in.') : undefined;
  const length = [...text.normalize('NFC')].length;
  const { minLength, maxLength, pattern } = asked;
  if (minLength && length < minLength) return `Use at least ${minLength} characters. This has ${length}.`;
  if (maxLength && length > maxLength) return `Use at most ${maxLength} characters. This has ${length}.`;
  if (pattern && !new RegExp(`^(?:${pattern})$`, 'u').test(text)) return 'Use only letters from a to z, digits and _.';
  if (asked.type === 'url' && !isHttps(text)) return 'Enter an address that begins with https://.';
  return undefined;
}

function isHttps(text: string): boolean {
  return URL.canParse(text) && new URL(text).protocol === 'https:';
}
