import { mkdir } from 'node:fs/promises';
import { askInsideDirectly, parseConfig, shownSecret } from '@kith/service-kit';
import { ALWAYS_THERE, databaseOf, fieldsOfEach, SERVICES, WITH_OUTBOX } from '@kith/services';
import {
  describeDemonstration,
  forgetDemonstration,
  hasDemonstration,
  needsDemonstration,
  seedDemonstration,
} from '../seed/seed-demonstration.ts';
import { endWithSentence } from './end-with-sentence.ts';
import { seedConfig } from './one-shot-config.ts';

// For docker compose: what `start` does by itself on empty databases.
askInsideDirectly();
try {
  const config = parseConfig(seedConfig);
  await mkdir(config.KITH_DATA, { recursive: true });
  if (
    await needsDemonstration(
      config.KITH_DATA,
      WITH_OUTBOX.map((name) => config[databaseOf(name).urlVariable]),
    )
  ) {
    await seedDemonstration(config.KITH_DATA, {
      ...fieldsOfEach(ALWAYS_THERE, 'Url', (name) => config[SERVICES[name].urlVariable]),
      operatorKey: shownSecret(config.OPERATOR_KEY),
    });
    process.stdout.write('seeded the demonstration\n');
  } else process.stdout.write('the databases are in use: nothing to seed\n');
  if (await hasDemonstration(config.KITH_DATA, config.USER_DATABASE_URL)) await describeDemonstration(config.KITH_DATA);
  else await forgetDemonstration(config.KITH_DATA);
} catch (error) {
  endWithSentence(error);
}
