import { createHash, timingSafeEqual } from 'node:crypto';

/** A secret that processes share; several while it is rotated: the first is shown to others, each is accepted. */
export type SharedSecret = string | readonly string[];

const digest = (text: string) => createHash('sha256').update(text).digest();

/** Constant-time comparison: its duration reveals neither where the two differ nor their lengths. */
export function sameSecret(given: string | undefined, expected: string): boolean {
  return given !== undefined && timingSafeEqual(digest(given), digest(expected));
}

/** Whether what is given is any of them, in constant time: all are compared, whichever fits. */
export function acceptsSecret(secret: SharedSecret): (given: string | undefined) => boolean {
  const accepted = [secret].flat().map(digest);
  return (given) => {
    if (given === undefined) return false;
    const asked = digest(given);
    let fits = false;
    for (const each of accepted) fits = timingSafeEqual(asked, each) || fits;
    return fits;
  };
}

/** What is shown to others. */
export function shownSecret(secret: SharedSecret): string {
  return typeof secret === 'string' ? secret : (secret[0] ?? '');
}
