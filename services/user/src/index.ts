export { rotateSigningKeys } from './sessions/rotate-signing-keys.ts';
export { startUserService, type UserService } from './start-user-service.ts';
export { type UserConfig, userConfigSchema } from './user-config.ts';
