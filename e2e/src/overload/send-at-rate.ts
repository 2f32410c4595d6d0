import { createHistogram } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { type LeanAnswer, type LeanConnection, openLeanConnection } from './lean-connection.ts';

export interface Load {
  readonly url: string;
  readonly token: string;
  /** The operation, as JSON. */
  readonly body: string;
  /** Requests a second, whether answers come or not. Without it everybody asks again as soon as they are answered. */
  readonly perSecond?: number;
  readonly seconds: number;
  /** How many ask: nobody asks a second thing before the first is answered, as HTTP/1.1 is spoken. */
  readonly connections: number;
}

export interface LoadReport {
  /** Requests that were sent, a second. */
  readonly offeredPerSecond: number;
  /** Due, and not sent: all of the crowd still waited for answers. */
  readonly unsent: number;
  /** Operations answered with data, a second. */
  readonly acceptedPerSecond: number;
  /** ms from when it was due to the answer, of accepted operations: how late the crowd is itself is in it. NaN of none. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly accepted: number;
  readonly refused: number;
  /** ms until whoever was refused knew it. NaN of none. */
  readonly refusedP99Ms: number;
  /** How often something came that is neither an answer nor a refusal. */
  readonly other: Readonly<Record<string, number>>;
  /** Of one processor, what making the load took. */
  readonly processorShare: number;
}

/** What an operation may be refused with, and must then say how long to wait. */
const REFUSALS = new Set([429, 503]);
const TICK_MS = 2;
const OPENED_AT_ONCE = 100;
const LAST_ANSWER_WITHIN_MS = 10_000;

/**
 * Sends one operation at a fixed rate, whether answers come or not: an open loop, for a crowd does not come more slowly
 * because it is answered slowly.
 */
export async function sendAtRate(load: Load): Promise<LoadReport> {
  const { url, perSecond, seconds, connections } = load;
  const request = requestOf(load);
  const greeting = Buffer.from(`GET /live HTTP/1.1\r\nhost: ${new URL(url).host}\r\n\r\n`);
  const acceptedNs = createHistogram({ figures: 3 });
  const refusedNs = createHistogram({ figures: 3 });
  const other: Record<string, number> = {};
  const crowd: LeanConnection[] = [];
  const dueAt = new Float64Array(connections);
  /** Who waits for nothing: whoever has waited for it longest asks next. */
  const free: number[] = [];
  let sending = false;
  let sent = 0;
  let unsent = 0;
  let ended = 0;

  function ask(who: number, due: number): void {
    sent += 1;
    dueAt[who] = due;
    crowd[who]!.send(request);
  }
  function hear(who: number, answer: LeanAnswer): void {
    ended += 1;
    const tookNs = Math.max(1, Math.round((performance.now() - dueAt[who]!) * 1e6));
    if (answer.status === 200 && !answer.hasErrors) acceptedNs.record(tookNs);
    else if (REFUSALS.has(answer.status) && answer.hasRetryAfter) refusedNs.record(tookNs);
    else count(other, `${answer.status} ${answer.text()}`);
    if (sending && perSecond === undefined) ask(who, performance.now());
    else free.push(who);
  }
  async function join(who: number): Promise<void> {
    const { promise: isGreeted, resolve: greet, reject } = Promise.withResolvers<void>();
    const lose = (why: string) => {
      ended += 1;
      count(other, why);
      reject(new Error(why));
    };
    let onAnswer: (answer: LeanAnswer) => void = () => greet();
    crowd[who] = await openLeanConnection(url, (answer) => onAnswer(answer), lose);
    crowd[who].send(greeting);
    await isGreeted;
    onAnswer = (answer) => hear(who, answer);
    free.push(who);
  }
  /** What is due by now. */
  function keepPace(rate: number, elapsedMs: number): void {
    // The first is due at the beginning.
    const due = 1 + Math.floor((elapsedMs / 1000) * rate);
    let asking = 0;
    // A crowd that made up for what it could not send would come in bursts.
    for (; sent + unsent < due && asking < free.length; asking += 1) {
      ask(free[asking]!, startedAt + ((sent + unsent) / rate) * 1000);
    }
    free.splice(0, asking);
    unsent = due - sent;
  }

  // What is measured is how it answers, not how fast this machine opens connections to itself: a connection that the
  // kernel has opened is not yet one that the server has seen.
  for (let who = 0; who < connections; who += OPENED_AT_ONCE) {
    const group = Math.min(OPENED_AT_ONCE, connections - who);
    await Promise.all(Array.from({ length: group }, (_, n) => join(who + n)));
  }

  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const elapsedMs = () => performance.now() - startedAt;
  sending = true;
  if (perSecond === undefined) for (const who of free.splice(0)) ask(who, startedAt);
  while (elapsedMs() < seconds * 1000) {
    if (perSecond !== undefined) keepPace(perSecond, elapsedMs());
    await delay(TICK_MS);
  }
  sending = false;
  const elapsedS = elapsedMs() / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  for (let waited = 0; ended < sent && waited < LAST_ANSWER_WITHIN_MS; waited += 10) await delay(10);
  for (const connection of crowd) connection.close();
  if (ended < sent) other['no answer'] = sent - ended;

  const msAt = (histogram: typeof acceptedNs, p: number) =>
    histogram.count === 0 ? Number.NaN : Math.round(histogram.percentile(p) / 1e4) / 100;
  return {
    offeredPerSecond: Math.round(sent / elapsedS),
    unsent,
    acceptedPerSecond: Math.round(acceptedNs.count / elapsedS),
    p50Ms: msAt(acceptedNs, 50),
    p99Ms: msAt(acceptedNs, 99),
    accepted: acceptedNs.count,
    refused: refusedNs.count,
    refusedP99Ms: msAt(refusedNs, 99),
    other,
    processorShare: Math.round((cpu.user + cpu.system) / elapsedS / 1e4) / 100,
  };
}

function requestOf({ url, token, body }: Load): Buffer {
  return Buffer.from(
    `POST /graphql HTTP/1.1\r\nhost: ${new URL(url).host}\r\ncontent-type: application/json\r\n` +
      `authorization: Bearer ${token}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
