import { parseArgs } from 'node:util';
import { SetupProblem } from '@kith/local-servers';
import { ofEach, SERVICE_NAMES, type ServiceName } from '@kith/services';

/** How many processes of each are to run. */
export interface HowMany {
  /** NATS, Redis and Postgres as clusters, and a load balancer of its own. */
  readonly cluster: boolean;
  readonly gateways: number;
  readonly services: Readonly<Record<ServiceName, number>>;
}

const AT_MOST = 16;
/** With which nobody runs the only one. */
const IN_A_CLUSTER = '2';

/**
 * Reads `--cluster` and `--gateways 2 --users 2 --friends 2` (each service's name with an s); one of each by default, and
 * two in a cluster.
 *
 * @throws {SetupProblem} that names the valid arguments
 */
export function readHowMany(args: readonly string[], config: { readonly EVENT_BUS: string }): HowMany {
  const names = ['gateways', ...SERVICE_NAMES.map((name) => `${name}s`)];
  const counts = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  const options = { ...counts, cluster: { type: 'boolean' as const } };
  let values: Record<string, unknown>;
  try {
    // `--` is what a package manager puts between the command and its arguments.
    values = parseArgs({ args: args.filter((arg) => arg !== '--'), options }).values;
  } catch {
    throw new SetupProblem(
      `start knows --cluster, ${names.map((name) => `--${name} N`).join(', ')}, and no other argument.`,
    );
  }
  const cluster = values.cluster === true;
  const count = (name: string): number => {
    const text = String(values[name] ?? (cluster ? IN_A_CLUSTER : '1'));
    if (/^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= AT_MOST) return Number(text);
    throw new SetupProblem(`--${name} must be a whole number from 1 to ${AT_MOST}, and is ${JSON.stringify(text)}.`);
  };
  const howMany = {
    cluster,
    gateways: count('gateways'),
    services: ofEach(SERVICE_NAMES, (name) => count(`${name}s`)),
  };
  const several = cluster || howMany.gateways > 1 || Object.values(howMany.services).some((each) => each > 1);
  if (several && config.EVENT_BUS === 'in-process') {
    throw new SetupProblem('With EVENT_BUS=in-process everything is one process: leave that out to run several.');
  }
  return howMany;
}
