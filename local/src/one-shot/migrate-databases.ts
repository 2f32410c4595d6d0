import { giveDatabaseToItsService, migrate, roleIn } from '@kith/migrations';
import { readConfig } from '@kith/service-kit';
import { endWithSentence } from './end-with-sentence.ts';
import { migrateConfig } from './one-shot-config.ts';

// For containers and deployments: brings both databases to the newest schema, gives them to the roles of
// their services where it is told to, says what it applied, and ends.
const config = readConfig(migrateConfig);
try {
  for (const [service, url, serviceUrl] of [
    ['user', config.USER_DATABASE_URL, config.USER_SERVICE_DATABASE_URL],
    ['friend', config.FRIEND_DATABASE_URL, config.FRIEND_SERVICE_DATABASE_URL],
  ] as const) {
    const { applied } = await migrate(url, service);
    if (serviceUrl !== undefined) await giveDatabaseToItsService(url, roleIn(serviceUrl));
    process.stdout.write(`${service}: ${applied.length === 0 ? 'nothing to apply' : applied.join(', ')}\n`);
  }
} catch (error) {
  endWithSentence(error);
}
