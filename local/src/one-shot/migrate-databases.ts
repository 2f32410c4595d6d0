import { readConfig } from '@kith/service-kit';
import { migrate } from '../migrations/apply-migrations.ts';
import { endWithSentence } from './end-with-sentence.ts';
import { migrateConfig } from './one-shot-config.ts';

// For containers and deployments: brings both databases to the newest schema, says what it applied, and ends.
const config = readConfig(migrateConfig);
try {
  for (const [service, url] of [
    ['user', config.USER_DATABASE_URL],
    ['friend', config.FRIEND_DATABASE_URL],
  ] as const) {
    const { applied } = await migrate(url, service);
    process.stdout.write(`${service}: ${applied.length === 0 ? 'nothing to apply' : applied.join(', ')}\n`);
  }
} catch (error) {
  endWithSentence(error);
}
