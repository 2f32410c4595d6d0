import { WebhookRefused } from './webhook-refused.ts';

const PATTERN = /^(?:\*|[a-z][a-z0-9-]*(?:\.(?:[a-z][a-z0-9-]*|\*))*)$/;
const MOST_PATTERNS = 50;

/**
 * Whether an event is meant by a pattern: names as they are, `*` for one part of a name, and at the end for all that
 * follows. `kith.friend.*`, `kith.*.added`, `*`. Without the version that ends a type.
 */
export function eventMatches(pattern: string, eventName: string): boolean {
  const wanted = pattern.split('.');
  const parts = eventName.split('.');
  const openEnd = wanted.at(-1) === '*';
  if (openEnd ? parts.length < wanted.length : parts.length !== wanted.length) return false;
  return wanted.every((part, at) => part === '*' || part === parts[at]);
}

/**
 * The patterns of an endpoint, each once.
 *
 * @param known the names of all events: a pattern that none of them fits is a slip, and would never say so
 * @throws {WebhookRefused} for a pattern that cannot be read, or that no event fits
 */
export function readPatterns(patterns: readonly string[], known: readonly string[]): string[] {
  const distinct = [...new Set(patterns)];
  if (distinct.length === 0) throw new WebhookRefused('events', `Say which events, for example ${known[0]} or *.`);
  if (distinct.length > MOST_PATTERNS) throw new WebhookRefused('events', `At most ${MOST_PATTERNS} patterns.`);
  for (const pattern of distinct) {
    if (!PATTERN.test(pattern)) {
      throw new WebhookRefused(
        'events',
        `"${pattern}" is no pattern: write a name, with * for a part of it, or * alone.`,
      );
    }
    if (!known.some((name) => eventMatches(pattern, name))) {
      throw new WebhookRefused('events', `"${pattern}" fits no event. There are: ${known.join(', ')}.`);
    }
  }
  return distinct;
}
