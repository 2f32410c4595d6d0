import { runProcess } from '@kith/service-kit';
import { startUserService } from './start-user-service.ts';
import { userConfigSchema } from './user-config.ts';

process.exit(await runProcess({ name: 'user', configSchema: userConfigSchema, start: startUserService }));
