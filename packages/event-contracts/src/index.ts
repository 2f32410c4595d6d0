export * from './all-contracts.ts';
export * from './friend-list-announcement.ts';
export * from './friend-list-events.ts';
export * from './session-ended.ts';
export * from './subjects.ts';
export * from './tokens-ended.ts';
export * from './user-events.ts';
export * from './who-blocks.ts';
