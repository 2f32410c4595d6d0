import 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** The one private Postgres of this test run: the URL of its database `postgres`. */
    postgresUrl: string;
    /** Where the run's PgBouncer listens, in front of that Postgres, when the databases of tests go through one. */
    poolerPort: number | null;
  }
}
