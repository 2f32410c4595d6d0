/** A range of slots, both ends included, and the nodes that serve it. */
export interface SlotRange {
  readonly from: number;
  readonly to: number;
  /** As `host:port`, an IPv6 address without brackets. */
  readonly primary: string;
  /** The primary and its replicas. */
  readonly members: readonly string[];
}

/**
 * Reads what CLUSTER SLOTS answers (https://redis.io/docs/latest/commands/cluster-slots/).
 *
 * @param asked the address of the node that answered, used where a node does not know its own host
 * @throws {Error} when the node knows no slots: it is in no cluster
 */
export function readSlotRanges(reply: unknown, asked: string): SlotRange[] {
  const askedHost = asked.slice(0, asked.lastIndexOf(':'));
  const ranges = (Array.isArray(reply) ? (reply as unknown[][]) : []).map(([from, to, ...nodes]): SlotRange => {
    const members = (nodes as [string | null, number][])
      .filter(([host]) => host !== '?')
      .map(([host, port]) => `${host || askedHost}:${port}`);
    const [primary = `${askedHost}:0`] = members;
    return { from: Number(from), to: Number(to), primary, members };
  });
  if (ranges.length === 0) throw new Error(`${asked} is in no cluster, or knows none of its slots`);
  return ranges;
}
