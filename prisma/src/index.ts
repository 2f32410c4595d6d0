export { type Migration, MigrationFailed, migrate, readMigrations } from './apply-migrations.ts';
export { createTestDatabase } from './create-test-database.ts';
export { asRole, giveDatabaseToItsService, roleIn } from './give-database-to-its-service.ts';
