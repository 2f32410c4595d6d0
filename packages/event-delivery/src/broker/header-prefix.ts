/** What the headers of event delivery's own begin with, unless the broker says otherwise. */
export const DEFAULT_HEADER_PREFIX = 'Kith';

/** The prefix is none that a header's name can begin with. */
export class BadHeaderPrefix extends Error {
  readonly code = 'BAD_HEADER_PREFIX';
  constructor(prefix: string) {
    super(`"${prefix}" cannot begin a header's name: take a letter, then letters, digits and dashes, at most 64.`);
    this.name = 'BadHeaderPrefix';
  }
}

/**
 * The prefix that was configured, or the default. A durable name: all that share a broker have the same, and changing it
 * is a migration, since events that are being redriven meanwhile are handled by every consumer.
 *
 * @throws {BadHeaderPrefix}
 */
export function readHeaderPrefix(configured: string | undefined): string {
  const prefix = configured ?? DEFAULT_HEADER_PREFIX;
  if (!/^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(prefix)) throw new BadHeaderPrefix(prefix);
  return prefix;
}
