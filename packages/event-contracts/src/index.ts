export * from './all-contracts.ts';
export * from './envelope.ts';
export * from './event-contract.ts';
export * from './friend-list-events.ts';
export * from './session-ended.ts';
export * from './subjects.ts';
export * from './tokens-ended.ts';
export * from './user-events.ts';
