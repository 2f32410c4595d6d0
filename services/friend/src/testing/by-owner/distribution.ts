/**
 * Sharding by owner, as Citus would have it (https://docs.citusdata.com/en/stable/develop/reference_ddl.html): the column
 * by which a table's rows are spread over nodes, or `reference` for a table of which every node has a copy.
 */
export const DISTRIBUTION: Readonly<Record<string, string>> = {
  friend: 'owner_id',
  friend_list: 'owner_id',
  block: 'owner_id',
  outbox: 'owner_id',
  'event_archive.outbox': 'owner_id',
  inbox: 'event_id',
  // Of two people, so of no one owner; small enough, as long as closed requests are few.
  friend_request: 'reference',
  // Joined to whatever shows a person.
  profile: 'reference',
  timeline: 'reference',
  stream_position: 'reference',
};

export const isReference = (table: string): boolean => DISTRIBUTION[table] === 'reference';
