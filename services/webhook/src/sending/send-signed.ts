import { Webhook } from 'standardwebhooks';
import type { Dispatcher } from 'undici';
import type { Attempt } from '../domain/after-an-attempt.ts';
import type { Secrets } from '../endpoints/endpoint-rows.ts';

/** How much of an answer is read, so that its connection can be used again; nothing of it is needed. */
const MOST_ANSWER_BYTES = 64 * 1024;

export interface Message {
  readonly id: string;
  readonly body: string;
}

/**
 * Sends one message by the Standard Webhooks scheme (https://www.standardwebhooks.com): `webhook-id` is the event's id, the
 * same at every attempt (idempotency key), and `webhook-signature` has one signature for each secret. The status of the
 * answer decides, and any 2xx means that it was taken. Never rejects; within `timeoutMs` it is over.
 */
export async function sendSigned(
  message: Message,
  options: {
    url: URL;
    secrets: Secrets;
    connections: Dispatcher;
    timeoutMs: number;
    now: () => Date;
    signal?: AbortSignal;
  },
): Promise<Attempt> {
  const { url, secrets, connections, timeoutMs, now, signal } = options;
  const startedAt = performance.now();
  const tookMs = () => Math.round(performance.now() - startedAt);
  const limit = AbortSignal.timeout(timeoutMs);
  const within = signal ? AbortSignal.any([limit, signal]) : limit;
  try {
    const { statusCode, headers, body } = await connections.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: 'POST',
      headers: signedHeaders(message, secrets, now()),
      body: message.body,
      signal: within,
    });
    await body.dump({ limit: MOST_ANSWER_BYTES, signal: within }).catch(() => undefined);
    return { ...outcomeOf(statusCode, headers['retry-after'], now()), status: statusCode, tookMs: tookMs() };
  } catch (error) {
    return { outcome: 'failed', problem: limit.aborted ? 'TIMEOUT' : codeOf(error), tookMs: tookMs() };
  }
}

function signedHeaders({ id, body }: Message, secrets: Secrets, at: Date): Record<string, string> {
  return {
    'content-type': 'application/json',
    'user-agent': 'Kith-Webhooks/1',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
  };
}

function outcomeOf(
  status: number,
  retryAfter: string | string[] | undefined,
  now: Date,
): Pick<Attempt, 'outcome' | 'problem' | 'retryAfterMs'> {
  if (status >= 200 && status < 300) return { outcome: 'delivered' };
  if (status === 410) return { outcome: 'gone', problem: 'HTTP_410' };
  const retryAfterMs = typeof retryAfter === 'string' ? readRetryAfter(retryAfter, now) : undefined;
  return { outcome: 'failed', problem: `HTTP_${status}`, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

/** Seconds, or a date (RFC 9110, 10.2.3); undefined when it is neither. */
function readRetryAfter(text: string, now: Date): number | undefined {
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}

/** Of the error, or of what is under it: undici wraps what the network said. */
function codeOf(error: unknown): string {
  for (let each = error; each instanceof Error; each = each.cause) {
    const { code } = each as NodeJS.ErrnoException;
    if (typeof code === 'string' && code !== '') return code;
    if (each instanceof AggregateError) return codeOf(each.errors[0]);
  }
  return 'NOT_SENT';
}
