import { setTimeout as delay } from 'node:timers/promises';
import { gatherCrowd } from './gather-crowd.ts';
import { type AnswersReport, tallyAnswers } from './tally-answers.ts';

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

export interface LoadReport extends AnswersReport {
  /** Requests that were sent, a second. */
  readonly offeredPerSecond: number;
  /** Due, and not sent: all of the crowd still waited for answers. */
  readonly unsent: number;
  /** Of one processor, what making the load took. */
  readonly processorShare: number;
}

const TICK_MS = 2;
const LAST_ANSWER_WITHIN_MS = 10_000;

/**
 * Sends one operation at a fixed rate, whether answers come or not: an open loop, for a crowd does not come more slowly
 * because it is answered slowly.
 */
export async function sendAtRate(load: Load): Promise<LoadReport> {
  const { perSecond, seconds, connections } = load;
  const request = requestOf(load);
  const tally = tallyAnswers();
  const dueAt = new Float64Array(connections);
  /** Who waits for nothing: whoever has waited for it longest asks next. */
  const free: number[] = [];
  let sending = false;
  let sent = 0;
  let unsent = 0;

  function ask(who: number, due: number): void {
    sent += 1;
    dueAt[who] = due;
    crowd[who]!.send(request);
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

  const crowd = await gatherCrowd(load, {
    joined: (who) => free.push(who),
    answered(who, answer) {
      tally.answered(answer, performance.now() - dueAt[who]!);
      if (sending && perSecond === undefined) ask(who, performance.now());
      else free.push(who);
    },
    lost: tally.lost,
  });
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
  for (let waited = 0; tally.ended() < sent && waited < LAST_ANSWER_WITHIN_MS; waited += 10) await delay(10);
  for (const connection of crowd) connection.close();
  return {
    offeredPerSecond: Math.round(sent / elapsedS),
    unsent,
    ...tally.report(sent, elapsedS),
    processorShare: Math.round((cpu.user + cpu.system) / elapsedS / 1e4) / 100,
  };
}

function requestOf({ url, token, body }: Load): Buffer {
  return Buffer.from(
    `POST /graphql HTTP/1.1\r\nhost: ${new URL(url).host}\r\ncontent-type: application/json\r\n` +
      `authorization: Bearer ${token}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
