import { onShutdown, readConfig, startTracing, stopInReverse } from '@kith/service-kit';
import { friendConfigSchema } from './friend-config.ts';
import { startFriendService } from './start-friend-service.ts';

const config = readConfig(friendConfigSchema);
const stopTracing = await startTracing({ name: 'friend', to: config.TRACES_TO });
const { stops, log } = await startFriendService(config);
// Read when the signal comes: delivery adds its own once the broker has answered.
onShutdown(log, [stopTracing, () => stopInReverse(log, stops)]);
