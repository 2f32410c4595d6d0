import { findProgram, PGBOUNCER_COMMANDS } from '@kith/local-servers';

/** Whether PgBouncer is installed; said once where it is not, because suites are skipped then. */
export function isThereAPooler(): boolean {
  const found = findProgram(PGBOUNCER_COMMANDS) !== undefined;
  if (!found) process.stderr.write('There is no pgbouncer: the suites behind a pooler are skipped.\n');
  return found;
}
