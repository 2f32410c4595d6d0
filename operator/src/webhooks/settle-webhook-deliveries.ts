import { type ExitCode, UsedWrongly } from '../running-system/end-with-a-code.ts';
import { oneOfOrAll, readArguments, wholeNumbers } from '../running-system/read-arguments.ts';
import { ask, print } from './manage-webhooks.ts';

const STATES = ['pending', 'delivered', 'dead'] as const;

export const DELIVERIES_HELP = `kith webhooks deliveries [ENDPOINT] [--state ${STATES.join('|')}] [--before NUMBER] [--json]

The delivery log, newest first, a hundred at a time: what was sent, waits or was given up, and what came of the last try.`;

export const WEBHOOKS_REDRIVE_HELP = `kith webhooks redrive ENDPOINT NUMBER … | --all [--json]

Sends again what was given up, with all its time. The numbers are those of kith webhooks deliveries --state dead.`;

type Delivery = {
  id: number;
  endpointId: string;
  type: string;
  ownerId: string;
  revision: number;
  state: string;
  attempts: number;
  status: number | null;
  problem: string | null;
  createdAt: string;
};

/** `kith webhooks deliveries`. */
export async function listWebhookDeliveries(args: readonly string[]): Promise<ExitCode> {
  const options = { state: { type: 'string' }, before: { type: 'string' } } as const;
  const { values, positionals } = readArguments(args, DELIVERIES_HELP, options, { most: 1 });
  oneOfOrAll('--state', values.state, STATES, DELIVERIES_HELP);
  wholeNumbers(values.before === undefined ? [] : [values.before], 'a delivery', DELIVERIES_HELP);
  const { state = '', before = '' } = values;
  const query = new URLSearchParams({ endpoint: positionals[0] ?? '', state, before });
  const { deliveries } = await ask<{ deliveries: Delivery[] }>(`/operator/webhooks/deliveries?${query}`);
  for (const delivery of deliveries) print(values.json, delivery, described(delivery));
  if (deliveries.length === 0) print(values.json, { deliveries: 0 }, 'Nothing was sent.');
  return 0;
}

/** `kith webhooks redrive`. */
export async function redriveWebhooks(args: readonly string[]): Promise<ExitCode> {
  const words = { least: 1, most: Number.POSITIVE_INFINITY, called: 'ENDPOINT' };
  const { values, positionals } = readArguments(args, WEBHOOKS_REDRIVE_HELP, { all: { type: 'boolean' } }, words);
  const [endpoint, ...named] = positionals;
  const deliveries = wholeNumbers(named, 'a delivery', WEBHOOKS_REDRIVE_HELP);
  if ((values.all === true) === deliveries.length > 0) {
    throw new UsedWrongly('Say which: numbers of deliveries, or --all.', WEBHOOKS_REDRIVE_HELP);
  }
  const which = values.all ? { all: true } : { deliveries };
  const answer = await ask<{ redriven: number }>('/operator/webhooks/redrive', { endpoint, ...which });
  print(values.json, answer, `${answer.redriven} sent again`);
  return 0;
}

const described = ({
  id,
  endpointId,
  type,
  ownerId,
  revision,
  state,
  attempts,
  status,
  problem,
  createdAt,
}: Delivery) =>
  `${String(id).padStart(8)}  ${createdAt}  ${state.padEnd(9)} ${endpointId}  ${type}  ${ownerId} revision ${revision}\n` +
  `          ${attempts} ${attempts === 1 ? 'try' : 'tries'}${problem || status ? `, last ${problem ?? status}` : ''}`;
