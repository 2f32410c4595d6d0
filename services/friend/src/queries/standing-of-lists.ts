/**
 * Where these people's lists stand: what they show (`revision`), and what is decided by and not shown, as blocks
 * (`hidden_changes`). Both only rise, in the transaction of the change: so a replica that says the same has the change.
 */
export const standingOfLists = (people: readonly string[]) => ({
  name: 'standing-of-lists',
  text: 'SELECT owner_id, revision, hidden_changes FROM friend_list WHERE owner_id = ANY ($1::uuid[]) ORDER BY owner_id',
  values: [people],
});
