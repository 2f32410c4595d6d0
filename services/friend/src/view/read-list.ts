import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '@kith/event-delivery';
import { compareWithPostgres } from './coherence/compare-with-postgres.ts';
import type { Distrust, Trust } from './coherence/distrust-after-outages.ts';
import type { FloorsToRaise } from './coherence/keep-raising-floors.ts';
import {
  AheadOfPostgres,
  dropAhead,
  dropSpoiled,
  isSpoiled,
  type OnAhead,
  SpoiledView,
} from './coherence/spoiled-view.ts';
import { ListInHand } from './entries/list-in-hand.ts';
import type { ListState } from './entries/list-state.ts';
import { fillView } from './fill-view.ts';
import type { AnswerBatch } from './questions/one-batch-per-owner.ts';
import type { Question } from './questions/question.ts';
import { type ViewRedis, ViewUnavailable } from './redis/connect-redis.ts';

type Questions = ReadonlyMap<string, Question<unknown>>;
type Answers = ReadonlyMap<string, unknown>;

export interface ReadListOptions {
  readonly redis: ViewRedis;
  readonly load: (ownerId: string) => Promise<ListState>;
  readonly distrust: Distrust;
  readonly floors: FloorsToRaise;
  readonly log: Log;
  readonly onAhead?: OnAhead | undefined;
  readonly withSlot: <T>(task: () => Promise<T>) => Promise<T>;
  readonly expireAfterMs: number;
  readonly leaseMs: number;
  readonly waitForConsumerMs: number;
  readonly waitForLoaderMs: number;
  readonly pollEveryMs: number;
}

/**
 * Cache-aside: answers a batch of questions about one list from its view; else by filling the view; else from Postgres
 * alone, while Redis is away, or while another process fills the view and takes its time.
 */
export function readList(options: ReadListOptions): AnswerBatch {
  const { redis, load, distrust, floors, withSlot } = options;

  return async function answerBatch(ownerId, questions) {
    try {
      return await answerFromView(ownerId, questions).catch(async (error) => {
        if (!isSpoiled(error)) throw error;
        if (error instanceof AheadOfPostgres) await dropAhead(options, ownerId, error);
        else await dropSpoiled(redis, ownerId, error, options.log);
        return answerFromView(ownerId, questions);
      });
    } catch (error) {
      if (!(error instanceof ViewUnavailable)) throw error;
      return await answerFromPostgres(ownerId, questions);
    }
  };

  async function answerFromView(ownerId: string, questions: Questions): Promise<Answers> {
    const startedAt = performance.now();
    /** What Postgres held when this view was compared with it: once a batch, unless an outage comes in between. */
    let compared: { revision: number; trust: Trust } | undefined;
    for (;;) {
      const trust = distrust.trustIn(ownerId);
      const seen = await askView(options, ownerId, questions, floorFor(ownerId, compared));
      if (typeof seen === 'object') {
        if (distrust.believes(ownerId) && trust === distrust.trustIn(ownerId)) {
          if (distrust.isDue(ownerId)) void compareWithPostgres(options, ownerId, seen.revision);
          return seen.answers;
        }
        // Compared after the view was seen: then it cannot be ahead.
        if (compared?.trust !== trust || seen.revision > compared.revision) {
          compared = { revision: await distrust.currentRevision(ownerId), trust };
        }
        if (seen.revision > compared.revision) throw new AheadOfPostgres(compared.revision, seen.revision);
        if (seen.revision === compared.revision) {
          distrust.believe(ownerId, trust);
          return seen.answers;
        }
        await floors.raise(ownerId, compared.revision);
        continue;
      }
      const waitedMs = performance.now() - startedAt;
      // Below its floor: most often the consumer is about to apply just what is missing.
      if (seen === 'none' || waitedMs >= options.waitForConsumerMs) {
        const filled = await withSlot(() => fillView(options, ownerId, floorFor(ownerId, compared)));
        if (typeof filled === 'object') return answersFrom(filled, questions);
        if (waitedMs >= options.waitForLoaderMs) return await answerFromPostgres(ownerId, questions);
      }
      await sleep(options.pollEveryMs);
    }
  }

  function floorFor(ownerId: string, compared: { revision: number } | undefined): number {
    return Math.max(compared?.revision ?? 0, floors.of(ownerId));
  }

  async function answerFromPostgres(ownerId: string, questions: Questions): Promise<Answers> {
    return answersFrom(await withSlot(() => load(ownerId)), questions);
  }
}

/** The answers, and the lowest revision among them; or what stands in the way. */
async function askView(
  { redis, expireAfterMs }: ReadListOptions,
  ownerId: string,
  questions: Questions,
  floor: number,
): Promise<{ answers: Answers; revision: number } | 'none' | 'behind'> {
  const asked = [...questions.values()];
  const replies = await Promise.all(
    asked.map(({ script, args }) => redis.run(script, ownerId, [floor, expireAfterMs, ...args])),
  );
  const answers = new Map<string, unknown>();
  let lowest = Number.POSITIVE_INFINITY;
  for (const [place, question] of asked.entries()) {
    const reply = replies[place] as ['none' | 'behind'] | ['ok', number, ...unknown[]];
    if (reply[0] !== 'ok') return reply[0];
    const [, revision, ...rest] = reply;
    lowest = Math.min(lowest, revision);
    answers.set(question.text, readAnswer(question, revision, rest));
  }
  return { answers, revision: lowest };
}

function readAnswer(question: Question<unknown>, revision: number, reply: readonly unknown[]): unknown {
  try {
    return question.read(revision, reply);
  } catch (error) {
    throw new SpoiledView(error);
  }
}

function answersFrom(state: ListState, questions: Questions): Answers {
  const list = new ListInHand(state);
  return new Map([...questions.values()].map((question) => [question.text, question.answer(list)]));
}
