import { answerOf } from '@kith/local';
import { CommandFailed, type ExitCode } from '../running-system/end-with-a-code.ts';
import { findRunningSystem, type RunningSystemAccess } from '../running-system/find-running-system.ts';
import { readArguments } from '../running-system/read-arguments.ts';

export const ADD_HELP = `kith webhooks add URL [--events PATTERN …] [--json]

Registers an endpoint: events that fit a pattern are sent to it from now on, signed by the Standard Webhooks scheme. Prints
its id, and the secret that it verifies them with, which is not shown again.

  --events  kith.friend.* and the like, several by repeating it or with commas between; without it every event`;

export const LIST_HELP = `kith webhooks list [--json]

The endpoints that there are.`;

export const REMOVE_HELP = `kith webhooks remove ENDPOINT [--json]

Removes an endpoint, with what waits for it and its log.`;

export const PAUSE_HELP = `kith webhooks pause ENDPOINT [--json]

Sends nothing more to an endpoint; its events wait.`;

export const RESUME_HELP = `kith webhooks resume ENDPOINT [--json]

Sends to an endpoint again, first what waited.`;

export const ROTATE_SECRET_HELP = `kith webhooks rotate-secret ENDPOINT [--json]

Makes a new secret and prints it. For a day the one before signs as well.`;

export const TEST_HELP = `kith webhooks test ENDPOINT [--json]

Sends one signed message of type kith.webhook.test.v1 at once, past the queue. Ends with 0 when it was taken, else with 1.`;

type Endpoint = { id: string; url: string; events: string[]; state: string; pausedBecause: string | null };

/** `kith webhooks add`. */
export async function addWebhook(args: readonly string[]): Promise<ExitCode> {
  const options = { events: { type: 'string', multiple: true } } as const;
  const { values, positionals } = readArguments(args, ADD_HELP, options, { least: 1, most: 1, called: 'URL' });
  const [url] = positionals;
  const events = values.events?.flatMap((text) => text.split(',')).map((text) => text.trim());
  const added = await ask<Endpoint & { secret: string }>('/operator/webhooks', { url, ...(events && { events }) });
  print(values.json, added, `${described(added)}\nsecret  ${added.secret}`);
  return 0;
}

/** `kith webhooks list`. */
export async function listWebhooks(args: readonly string[]): Promise<ExitCode> {
  const { json } = readArguments(args, LIST_HELP, {}).values;
  const { endpoints } = await ask<{ endpoints: Endpoint[] }>('/operator/webhooks');
  for (const endpoint of endpoints) print(json, endpoint, described(endpoint));
  if (endpoints.length === 0) print(json, { endpoints: 0 }, 'There is no endpoint.');
  return 0;
}

/** `kith webhooks remove`. */
export const removeWebhook = (args: readonly string[]) => change(args, 'remove', REMOVE_HELP);
/** `kith webhooks pause`. */
export const pauseWebhook = (args: readonly string[]) => change(args, 'pause', PAUSE_HELP);
/** `kith webhooks resume`. */
export const resumeWebhook = (args: readonly string[]) => change(args, 'resume', RESUME_HELP);

/** `kith webhooks rotate-secret`. */
export async function rotateWebhookSecret(args: readonly string[]): Promise<ExitCode> {
  const { endpoint, json } = oneEndpoint(args, ROTATE_SECRET_HELP);
  const rotated = await ask<{ secret: string }>('/operator/webhooks/rotate-secret', { endpoint });
  print(json, rotated, `secret  ${rotated.secret}`);
  return 0;
}

/** `kith webhooks test`. */
export async function testWebhook(args: readonly string[]): Promise<ExitCode> {
  const { endpoint, json } = oneEndpoint(args, TEST_HELP);
  type Sent = { webhookId: string; outcome: string; status?: number; problem?: string; tookMs: number };
  const sent = await ask<Sent>('/operator/webhooks/test', { endpoint });
  print(
    json,
    sent,
    `${sent.outcome} ${sent.problem ?? sent.status ?? ''} in ${sent.tookMs} ms (webhook-id ${sent.webhookId})`,
  );
  return sent.outcome === 'delivered' ? 0 : 1;
}

async function change(args: readonly string[], what: 'remove' | 'pause' | 'resume', help: string): Promise<ExitCode> {
  const { endpoint, json } = oneEndpoint(args, help);
  const done = await ask<object>(`/operator/webhooks/${what}`, { endpoint });
  print(json, done, 'done');
  return 0;
}

function oneEndpoint(args: readonly string[], help: string): { endpoint: string; json: boolean } {
  const { values, positionals } = readArguments(args, help, {}, { least: 1, most: 1, called: 'ENDPOINT' });
  const [endpoint] = positionals as [string];
  return { endpoint, json: values.json ?? false };
}

/** Asks the webhook service; a body makes it a POST. @throws {CommandFailed} when it was not started */
export async function ask<Answer>(path: string, body?: object): Promise<Answer> {
  return answerOf<Answer>(withWebhooks(await findRunningSystem()), 'webhook', path, body);
}

function withWebhooks(access: RunningSystemAccess): RunningSystemAccess {
  if (access.webhookUrl !== undefined) return access;
  throw new CommandFailed(
    'Webhooks are off: start with WEBHOOKS=on (docker compose --profile webhooks up), or set WEBHOOK_URL.',
  );
}

export function print(json: boolean | undefined, value: object, text: string): void {
  process.stdout.write(`${json ? JSON.stringify(value) : text}\n`);
}

const described = ({ id, url, events, state, pausedBecause }: Endpoint) =>
  `${id}  ${state}${pausedBecause ? ` (${pausedBecause})` : ''}  ${url}  ${events.join(', ')}`;
