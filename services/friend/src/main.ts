import { runProcess } from '@kith/service-kit';
import { friendConfigSchema } from './friend-config.ts';
import { startFriendService } from './start-friend-service.ts';

process.exit(await runProcess({ name: 'friend', configSchema: friendConfigSchema, start: startFriendService }));
