/** Tells a client of the peers that it is served, as the snapshot of an empty list does with Kith. */
export const firstAnswer = {
  __typename: 'FriendListSnapshot',
  revision: 0,
  cursor: '',
  occurredAt: '2026-03-01T10:00:00.000Z',
};
