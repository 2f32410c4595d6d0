export { startUserService, type UserService } from './start-user-service.ts';
export { type UserConfig, userConfigSchema } from './user-config.ts';
