import { onShutdown, readConfig } from '@kith/service-kit';
import { friendConfigSchema } from './friend-config.ts';
import { startFriendService } from './start-friend-service.ts';

const config = readConfig(friendConfigSchema);
const { stops, log } = await startFriendService(config);
onShutdown(log, stops);
