import type pg from 'pg';
import type { SqlConnection } from './sql-connection.ts';

/** Prepared statements: the same text is the same one, parsed and planned once a connection. */
export function preparing(client: pg.Pool | pg.PoolClient): SqlConnection {
  return {
    query: (text, values) => client.query({ name: nameOf(text), text, values: values ?? [] }),
  };
}

const names = new Map<string, string>();

function nameOf(text: string): string {
  let name = names.get(text);
  if (!name) {
    name = `s${names.size + 1}`;
    names.set(text, name);
  }
  return name;
}
