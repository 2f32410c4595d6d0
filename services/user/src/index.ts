export { rotateSigningKeys } from './signing-keys/rotate-signing-keys.ts';
export { startUserService, startUserService as start } from './start-user-service.ts';
export { type UserConfig, userConfigSchema, userConfigSchema as configSchema } from './user-config.ts';
