import { Agent, request } from 'undici';

export interface LoadReport {
  /** Operations answered with data, a second. */
  readonly acceptedPerSecond: number;
  /** ms from sending to the answer, of accepted operations. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How often each status came; `other` is what is neither an answer nor a refusal. */
  readonly accepted: number;
  readonly refused: number;
  readonly other: Readonly<Record<string, number>>;
}

/** What an operation may be refused with, and must then say how long to wait. */
const REFUSALS = new Set([429, 503]);

/**
 * Sends one operation at a fixed rate, whether answers come or not (an open loop: those who come do not wait for those
 * before them), for so many seconds, over at most `connections`.
 */
export async function loadGateway(options: {
  url: string;
  body: string;
  token: string;
  perSecond: number;
  seconds: number;
  connections: number;
}): Promise<LoadReport> {
  const { url, body, token, perSecond, seconds, connections } = options;
  const agent = new Agent({ connections, pipelining: 1, headersTimeout: 30_000, bodyTimeout: 30_000 });
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const tookMs: number[] = [];
  const other: Record<string, number> = {};
  let refused = 0;
  let inFlight = 0;

  const send = async () => {
    const startedAt = performance.now();
    inFlight += 1;
    try {
      const response = await request(`${url}/graphql`, { dispatcher: agent, method: 'POST', headers, body });
      const text = await response.body.text();
      if (response.statusCode === 200 && !text.includes('"errors"')) tookMs.push(performance.now() - startedAt);
      else if (REFUSALS.has(response.statusCode) && response.headers['retry-after'] !== undefined) refused += 1;
      else count(other, `${response.statusCode} ${text.slice(0, 120)}`);
    } catch (error) {
      count(other, (error as Error & { code?: string }).code ?? String(error));
    } finally {
      inFlight -= 1;
    }
  };

  // What is measured is the server's work, not how fast this machine opens connections to itself.
  const openOne = async () => (await request(`${url}/live`, { dispatcher: agent })).body.dump();
  await Promise.all(Array.from({ length: connections }, openOne));

  const startedAt = performance.now();
  let sent = 0;
  const running: Promise<void>[] = [];
  while (performance.now() - startedAt < seconds * 1000) {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond);
    // A generator that queues what it cannot send would measure itself.
    for (; sent < due; sent += 1) if (inFlight < connections) running.push(send());
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const elapsedS = (performance.now() - startedAt) / 1000;
  await Promise.all(running);
  await agent.close();
  tookMs.sort((a, b) => a - b);
  const at = (share: number) => tookMs[Math.min(tookMs.length - 1, Math.floor(tookMs.length * share))] ?? Number.NaN;
  return {
    acceptedPerSecond: tookMs.length / elapsedS,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    accepted: tookMs.length,
    refused,
    other,
  };
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
