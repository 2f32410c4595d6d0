import { SERVICE_NAMES } from '@kith/services';
import type { ServiceProcess } from '../servers/run-restartable.ts';

// `one` is the one process that is gateway and services together.
const LAST_STARTED_FIRST = [
  ...['haproxy', 'one', 'gateway', ...SERVICE_NAMES.toReversed()],
  ...['redis', 'nats', 'pgbouncer', 'postgres'],
];

/** Ends processes in the reverse of the order in which they depend on each other; several of one kind at once. */
export async function stopInOrder(processes: readonly ServiceProcess[]): Promise<void> {
  for (const role of LAST_STARTED_FIRST) {
    const same = processes.filter(({ name }) => name.split('-')[0] === role);
    await Promise.all(same.map((process) => process.stop()));
  }
}
