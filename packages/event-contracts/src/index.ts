export * from './envelope.ts';
export * from './event-contract.ts';
export * from './friend-list-events.ts';
export * from './subjects.ts';
export * from './user-events.ts';
