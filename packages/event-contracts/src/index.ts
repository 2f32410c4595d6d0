export * from './announcements/friend-list-announcement.ts';
export * from './announcements/session-ended.ts';
export * from './answers/tokens-ended.ts';
export * from './answers/who-blocks.ts';
export * from './events/all-contracts.ts';
export * from './events/friend-list-events.ts';
export * from './events/subjects.ts';
export * from './events/user-events.ts';
