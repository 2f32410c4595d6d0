export * from './friend-config.ts';
export * from './start-friend-service.ts';
