import type { FriendData } from '@kith/event-contracts';

const friend: FriendData = {
  userId: '01a20195-b8ca-7283-b8f5-c52b7994dcc9',
  nickname: 'Benjamin the Brave',
  avatarUrl: 'https://images.example/avatars/01a20195b8ca7283b8f5.webp',
  remark: null,
  pinned: false,
  tags: ['chess', 'neighbours'],
  since: '2026-03-01T10:00:00.000Z',
};

/** What a changed remark says: the entry before and after, as every such event does. */
export const exampleData = { before: friend, after: { ...friend, remark: 'Ben from next door' } };
