export { type FriendConfig, friendConfigSchema, friendConfigSchema as configSchema } from './friend-config.ts';
export { type RunningFriendService, startFriendService, startFriendService as start } from './start-friend-service.ts';
