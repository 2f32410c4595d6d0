import 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** The one private Postgres of this test run: the URL of its database `postgres`. */
    postgresUrl: string;
  }
}
