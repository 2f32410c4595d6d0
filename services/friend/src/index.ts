export { type FriendConfig, friendConfigSchema, friendConfigSchema as configSchema } from './friend-config.ts';
export { startFriendService, startFriendService as start } from './start-friend-service.ts';
