export { rotateSigningKeys } from './sessions/rotate-signing-keys.ts';
export { type RunningUserService, startUserService } from './start-user-service.ts';
export { type UserConfig, userConfigSchema } from './user-config.ts';
