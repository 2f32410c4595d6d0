import { createHash } from 'node:crypto';

/** Text, truth, null, or a list of these: what has one form in JSON, in every language. Numbers are told as text. */
export type DigestField = string | boolean | null | readonly DigestField[];

/** What of an entry the list's revision covers, in a fixed order; what it is stands first. */
export type DigestEntry = readonly [what: string, ...fields: DigestField[]];

/** Digests of lists of one kind: opaque text that may be kept, sent and compared. */
export interface ListDigests {
  /** Of a list without entries. */
  readonly empty: string;
  /** Of a list that holds these, in any order. */
  of(entries: Iterable<DigestEntry>): string;
  /**
   * The digest after a change, at the cost of the change alone: an entry that is another now is removed as it was and
   * added as it is. Nobody can tell from a digest whether it held what is removed. Throws BadDigest.
   */
  after(digest: string, change: { removed?: Iterable<DigestEntry>; added?: Iterable<DigestEntry> }): string;
}

/** A text that is no digest, or one of another version. */
export class BadDigest extends Error {
  readonly code = 'BAD_DIGEST';

  constructor(text: string) {
    super(`"${text.slice(0, 60)}" is not a digest of a list: ${VERSION}- and 32 hexadecimal digits are.`);
    this.name = 'BadDigest';
  }
}

/** An entry with text in it that is not Unicode (half of a surrogate pair): no two languages write it alike. */
export class BadDigestEntry extends Error {
  readonly code = 'BAD_DIGEST_ENTRY';

  constructor() {
    super('An entry holds text that is not well-formed Unicode, so it has no digest.');
    this.name = 'BadDigestEntry';
  }
}

const VERSION = '1';
const FORM = new RegExp(`^${VERSION}-([0-9a-f]{32})$`);
const DIGITS = 32;
const MODULUS = 1n << 128n;

/**
 * Multiset hash: the sum modulo 2^128 of a hash of each entry, so that order does not matter and a change costs its own
 * entries alone (MSet-Add-Hash of Clarke, Devadas, van Dijk, Gassend and Suh, "Incremental Multiset Hash Functions and
 * Their Application to Memory Integrity Checking", ASIACRYPT 2003, here without a key). An entry's hash is the first
 * 128 bits of SHA-256 over version, kind and the entry as JSON without spaces (RFC 8785). It finds mistakes, whose chance
 * to go unseen is 2^-128, and no forger: whoever may choose many entries finds two lists with one sum.
 */
export function digestsOfKind(kind: string): ListDigests {
  const hashOf = (entry: DigestEntry) => {
    const json = JSON.stringify(entry, refuseHalfCharacters);
    const hash = createHash('sha256').update(`kith-list-entry-${VERSION}\n${kind}\n${json}`).digest('hex');
    return BigInt(`0x${hash.slice(0, DIGITS)}`);
  };
  const sumOf = (entries: Iterable<DigestEntry> = []) => {
    let sum = 0n;
    for (const entry of entries) sum += hashOf(entry);
    return sum;
  };
  return {
    empty: write(0n),
    of: (entries) => write(sumOf(entries)),
    after: (digest, { removed, added }) => write(read(digest) - sumOf(removed) + sumOf(added)),
  };
}

// JSON writes half of a pair as an escape in JavaScript, and not at all elsewhere.
function refuseHalfCharacters(_key: string, value: unknown): unknown {
  if (typeof value === 'string' && /\p{Surrogate}/u.test(value)) throw new BadDigestEntry();
  return value;
}

function write(sum: bigint): string {
  const within = ((sum % MODULUS) + MODULUS) % MODULUS;
  return `${VERSION}-${within.toString(16).padStart(DIGITS, '0')}`;
}

function read(digest: string): bigint {
  const digits = FORM.exec(digest)?.[1];
  if (digits === undefined) throw new BadDigest(digest);
  return BigInt(`0x${digits}`);
}
