/**
 * The Redis keys of one owner's view. Durable names: `v3` is the layout, and a release that changes what the values
 * look like, or how they are folded, changes it, so that the old and the new can run side by side. The braces are a hash tag: in a cluster all
 * of them live on one node (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags).
 * With the timeline in them no view outlives a restore of the database: its revisions counted other changes.
 *
 * The order is the order of KEYS in every script, see `../lua/view.lua`.
 */
export function viewKeys(ownerId: string, timeline: string): readonly [meta: string, ...others: string[]] {
  const prefix = prefixOf(ownerId, timeline);
  return [
    /** hash: revision, floor, friends (count), requests (count) */
    `${prefix}meta`,
    /** sorted set, every score 0: members in NAME order */
    `${prefix}by-name`,
    /** sorted set, every score 0: members in NEWEST order */
    `${prefix}newest`,
    /** hash: friend's id → entry */
    `${prefix}friends`,
    /** hash: request's id → JSON */
    `${prefix}requests`,
    /** hash: token, floor; who may store a loaded view */
    `${prefix}lease`,
  ];
}

export const metaKey = (ownerId: string, timeline: string): string => `${prefixOf(ownerId, timeline)}meta`;

const prefixOf = (ownerId: string, timeline: string) => `friend-list:v3:${timeline}:{${ownerId}}:`;
