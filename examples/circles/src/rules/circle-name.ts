import { hasSomethingToSee, isOneLine, keepsItsDirection, saysNothing } from '@kith/written-text';
import { CircleRefused } from './refusal.ts';

const LONGEST = 64;

/** Trimmed, composed (NFC), of 1 to 64 characters on one line. Throws CircleRefused BAD_USER_INPUT. */
export function circleName(text: string): string {
  const refuse = (what: string) =>
    new CircleRefused('BAD_USER_INPUT', `name ${what}.`, { field: 'name', limit: LONGEST });
  if (saysNothing(text)) throw refuse('must not be empty');
  if (text.length > LONGEST * 8) throw refuse(`must have at most ${LONGEST} characters`);
  const name = text.trim().normalize('NFC');
  if ([...name].length > LONGEST) throw refuse(`must have at most ${LONGEST} characters`);
  if (!isOneLine(name)) throw refuse('must not contain control characters');
  if (!hasSomethingToSee(name)) throw refuse('must hold something to see');
  if (!keepsItsDirection(name)) throw refuse('must not turn the direction of text around it');
  return name;
}
