import { parseArgs } from 'node:util';
import { type ExitCode, UsedWrongly } from '../running-system/end-with-a-code.ts';
import { ask, print } from './manage-webhooks.ts';

export const DELIVERIES_HELP = `kith webhooks deliveries [ENDPOINT] [--state pending|delivered|dead] [--before NUMBER] [--json]

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
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { state: { type: 'string' }, before: { type: 'string' }, json: { type: 'boolean' } },
  });
  if (positionals.length > 1) throw new UsedWrongly(DELIVERIES_HELP);
  const { state = '', before = '' } = values;
  const query = new URLSearchParams({ endpoint: positionals[0] ?? '', state, before });
  const { deliveries } = await ask<{ deliveries: Delivery[] }>(`/operator/webhooks/deliveries?${query}`);
  for (const delivery of deliveries) print(values.json, delivery, described(delivery));
  if (deliveries.length === 0 && !values.json) process.stdout.write('Nothing was sent.\n');
  return 0;
}

/** `kith webhooks redrive`. */
export async function redriveWebhooks(args: readonly string[]): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { all: { type: 'boolean' }, json: { type: 'boolean' } },
  });
  const [endpoint, ...numbers] = positionals;
  const areNumbers = numbers.every((text) => /^[1-9]\d*$/.test(text));
  if (endpoint === undefined || !areNumbers || (values.all === true) === numbers.length > 0) {
    throw new UsedWrongly(WEBHOOKS_REDRIVE_HELP);
  }
  const which = values.all ? { all: true } : { deliveries: numbers.map(Number) };
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
