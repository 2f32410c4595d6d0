import type { StreamName } from '../envelope/stream-name.ts';

/** How many partitions there can be: powers of two, since each of them is then a half of one of half as many. */
export const PARTITIONS = [1, 2, 4, 8, 16] as const;
export const MOST_PARTITIONS = 16;
const BITS = Math.log2(MOST_PARTITIONS);
const ZERO = 'p0';
const ONE = 'p1';
/** Of the tokens of all bits, each with its dot. */
const LENGTH = BITS * (ZERO.length + 1);

const MARKS = Array.from({ length: MOST_PARTITIONS }, (_, slot) => bitsOf(slot, BITS));
const MARKED = new Set(MARKS.map((mark) => `${mark}.`));

/** The lowest bit first: so the first tokens tell the partition, however many partitions there are. */
function bitsOf(slot: number, bits: number): string {
  return Array.from({ length: bits }, (_, at) => ((slot >> at) & 1 ? ONE : ZERO)).join('.');
}

/**
 * Hash partitioning by owner: the slot of an owner, 0 to 15; its partition is the slot modulo the number of partitions.
 * FNV-1a of 32 bits over UTF-8 (Fowler, Noll, Vo; draft-eastlake-fnv), its bytes folded by XOR. Data: changing it is a
 * migration.
 */
export function slotOf(ownerId: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(ownerId, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash ^ (hash >>> 16) ^ (hash >>> 8) ^ (hash >>> 24)) & (MOST_PARTITIONS - 1);
}

/** What all subjects of a stream begin with, for the streams that can be partitioned: those with one pattern, `word.>`. */
export function prefixOf({ subjects }: Pick<StreamName, 'subjects'>): string | undefined {
  const [pattern = '', ...others] = subjects;
  return others.length === 0 && /^[^\s.*>]+(\.[^\s.*>]+)*\.>$/.test(pattern) ? pattern.slice(0, -1) : undefined;
}

/** The subject with its owner's slot behind the prefix: `friend.added.17` → `friend.p1.p0.p0.p1.added.17`. */
export function markSubject(prefix: string, subject: string): string {
  const ownerId = subject.slice(subject.lastIndexOf('.') + 1);
  return `${prefix}${MARKS[slotOf(ownerId)]}.${subject.slice(prefix.length)}`;
}

/** The subject as it was before it was marked; one that was not, as it is. */
export function unmarkSubject(prefix: string, subject: string): string {
  // Most are not marked, and told by one letter.
  if (subject[prefix.length] !== 'p' || !subject.startsWith(prefix)) return subject;
  const mark = subject.slice(prefix.length, prefix.length + LENGTH);
  return MARKED.has(mark) ? `${prefix}${subject.slice(prefix.length + LENGTH)}` : subject;
}

/** What a stream takes that takes marked subjects alone: whoever publishes an unmarked one is refused, and learns of it. */
export const markedPatterns = (prefix: string): readonly string[] => [`${prefix}${ZERO}.>`, `${prefix}${ONE}.>`];

/** A pattern of unmarked subjects, for those that are marked. */
export const markPattern = (prefix: string, pattern: string): string =>
  `${prefix}${'*.'.repeat(BITS)}${pattern.slice(prefix.length)}`;

export function isMarked(prefix: string, subjects: readonly string[]): boolean {
  return markedPatterns(prefix).every((pattern) => subjects.includes(pattern));
}

/** What one partition is given, as one filter: nats-server 2.9 takes no second one. */
export function partitionFilter(prefix: string, partition: number, partitions: number): string {
  return `${prefix}${bitsOf(partition, Math.log2(partitions))}.>`;
}

/** The durable whose partition has this name; undefined for a name that no partition has. */
export function readPartitionDurable(
  name: string,
): { readonly durable: string; readonly partition: number; readonly partitions: number } | undefined {
  const [, durable, number, of] = /^(.+)-([1-9]\d?)of(2|4|8|16)$/.exec(name) ?? [];
  if (durable === undefined || Number(number) > Number(of)) return undefined;
  return { durable, partition: Number(number) - 1, partitions: Number(of) };
}
