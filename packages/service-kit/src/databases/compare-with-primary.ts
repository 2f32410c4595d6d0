/** Where a server stands in the write-ahead log. */
export interface Place {
  readonly systemId: string;
  readonly isStandby: boolean;
  /** Of a standby that of its last checkpoint: it may be in a later one already. */
  readonly walTimeline: number;
  /** Bytes from the beginning of the log; numeric, as text. */
  readonly position: string;
}

/** What is remembered of one connection to a replica. */
export interface Known {
  /** When the primary had nothing that it lacked. */
  freshAt?: number | undefined;
  /** The primary's timeline, and its own position, when it was first compared within that timeline. */
  first?: { readonly walTimeline: number; readonly position: bigint };
}

/** A standby is always some milliseconds behind a busy primary: it is compared with what the primary said before. */
const REMEMBERED = 32;

/**
 * Compares log sequence numbers (LSN) of replicas with those of a primary. They count within one timeline alone: what a
 * replica has of an old primary, and the one that was promoted never had, would look like an advance. So until a
 * replica is known to be in the primary's timeline, only what the primary wrote beyond its first position counts.
 */
export function compareWithPrimary() {
  let seen: { readonly position: bigint; readonly at: number }[] = [];
  let primary: Place | undefined;
  return {
    /** `at`: the moment before it was asked, in milliseconds. */
    primaryIsAt(place: Place, at: number): void {
      if (place.systemId !== primary?.systemId || place.walTimeline !== primary.walTimeline) seen = [];
      primary = place;
      seen.push({ position: BigInt(place.position), at });
      if (seen.length > REMEMBERED) seen.shift();
    },

    /**
     * The latest moment at which the primary had nothing that this replica lacks; undefined: no such moment is known.
     * Throws when it is none of this primary.
     */
    freshWhen(replica: Place, known: Known): number | undefined {
      if (!primary) return undefined;
      if (replica.systemId !== primary.systemId) throw new Error('It is no replica of this database.');
      const { walTimeline } = primary;
      const position = BigInt(replica.position);
      if (!replica.isStandby && replica.walTimeline !== walTimeline) {
        throw new Error('It is a primary itself, and not the one that is written to.');
      }
      if (known.first?.walTimeline !== walTimeline) known.first = { walTimeline, position };
      const { first } = known;
      const counts = replica.walTimeline === walTimeline ? () => true : (at: bigint) => at > first.position;
      return seen.findLast((each) => each.position <= position && counts(each.position))?.at;
    },
  };
}
