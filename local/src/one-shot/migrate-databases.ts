import { findTheServer, readPostgresAddress } from '@kith/event-delivery';
import { giveDatabaseToItsService, migrate, roleIn } from '@kith/migrations';
import { createLog, parseConfig, startWhenPostgresAnswers } from '@kith/service-kit';
import { databaseOf, WITH_DATABASE } from '@kith/services';
import { endWithSentence } from './end-with-sentence.ts';
import { migrateConfig } from './one-shot-config.ts';

// For containers and deployments: migrates every database to the newest schema, makes the services' roles their owners
// where configured, prints what it applied, and ends. A Postgres that is away, or about to be promoted, is waited for.
const log = createLog({ name: 'migrations', level: 'info' });
try {
  const config = parseConfig(migrateConfig);
  for (const service of WITH_DATABASE) {
    const { urlVariable, serviceUrlVariable } = databaseOf(service);
    const serviceUrl = config[serviceUrlVariable];
    const begin = async () => {
      const url = await findTheServer(config[urlVariable]);
      const done = await migrate(url, service);
      if (serviceUrl !== undefined)
        await giveDatabaseToItsService(url, roleIn(readPostgresAddress(serviceUrl).servers[0]));
      return done;
    };
    const { applied } = await startWhenPostgresAnswers(begin, { variable: urlVariable, log });
    process.stdout.write(`${service}: ${applied.length === 0 ? 'nothing to apply' : applied.join(', ')}\n`);
  }
} catch (error) {
  endWithSentence(error);
}
