export { natsOptions } from '@kith/event-delivery';
export { eventually } from './eventually.ts';
export { freePort } from './find-free-port.ts';
export {
  createDatabaseIfMissing,
  type Migration,
  MigrationFailed,
  migrate,
  readMigrations,
  type Service,
} from './migrations/apply-migrations.ts';
export { BROWSER_COMMANDS } from './servers/browser-commands.ts';
export type { ChildServer } from './servers/child-server-on-a-port.ts';
export { findProgram } from './servers/find-program.ts';
export { type NatsServer, natsUrl, startNats } from './servers/start-nats.ts';
export { type PostgresServer, startPostgres } from './servers/start-postgres.ts';
export { type RedisServer, redisUrl, startRedis } from './servers/start-redis.ts';
export { SetupProblem } from './setup-problem.ts';
export { buildWebClientWhenStale } from './start/build-web-client.ts';
export { askWhetherReady, missesNothing, type Readiness } from './system/ask-whether-ready.ts';
export type { ServiceProcess } from './system/run-restartable.ts';
export { type RunningSystem, startSystem } from './system/start-system.ts';
export { createTestDatabase } from './testing/create-test-database.ts';
