import { z } from 'zod';

/** The fields that requests are made of. What is not named in a schema is refused: a mistyped field is told at once. */

/** Ids are UUIDs in small letters, whatever a client writes. */
export const id = z.uuid({ error: 'must be a UUID' }).toLowerCase();

export const wholeNumber = (min: number, max: number) =>
  z
    .number({ error: `must be a whole number from ${min} to ${max}` })
    .refine((value) => Number.isInteger(value) && value >= min && value <= max, {
      error: `must be a whole number from ${min} to ${max}`,
    });

/** In yuan: 9.9. Exact to the fen, for whoever counts in fen. */
export function amount(most: number) {
  const error = `must be an amount from 0 to ${most}, with two decimals at most`;
  return z
    .number({ error })
    .refine((value) => value >= 0 && value <= most && value === Math.round(value * 100) / 100, { error });
}

/** One line of text, without spaces around it. */
export const line = (max: number) => text(max, /\p{Cc}|\p{Zl}|\p{Zp}/u, `must be a line of 1 to ${max} characters`, 1);

/** Several lines, or none. */
export const lines = (max: number) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all but tab and line feed are what it looks for.
  text(max, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/u, `must be a text of at most ${max} characters`, 0);

/** Characters are counted as people see code points; half of a surrogate pair is none, and no database stores a NUL. */
function text(max: number, forbidden: RegExp, error: string, min: number) {
  const fits = (written: string) => {
    const { length } = [...written];
    return length >= min && length <= max && written.isWellFormed() && !forbidden.test(written);
  };
  return z
    .string({ error })
    .transform((written) => written.replaceAll('\r\n', '\n').trim())
    .refine(fits, { error });
}
