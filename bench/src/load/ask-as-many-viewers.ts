import { Pool } from 'undici';
import { answerQuestions } from '../processes/helper-process.ts';

/** A closed loop of requests as many viewers in turn, from a process of its own. */
export interface ManyViewers {
  readonly url: string;
  readonly body: string;
  /** Of each viewer; the answers are in the same order. */
  readonly tokens: readonly string[];
  /** What each viewer must be answered, byte for byte. */
  readonly expected: readonly string[];
  readonly connections: number;
  readonly seconds: number;
}

export type Answered = { readonly total: number; readonly perSecond: number };

answerQuestions({ ask: askAsManyViewers });

/** Throws when an answer is not the expected one. */
async function askAsManyViewers({ url, body, tokens, expected, connections, seconds }: ManyViewers): Promise<Answered> {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections });
  const startedAt = performance.now();
  const until = startedAt + seconds * 1000;
  let total = 0;
  const loop = async () => {
    while (performance.now() < until) {
      const viewer = total % tokens.length;
      total += 1;
      const headers = { authorization: `Bearer ${tokens[viewer]}`, 'content-type': 'application/json' };
      const answer = await pool.request({ path: pathname, method: 'POST', headers, body });
      const text = await answer.body.text();
      if (text !== expected[viewer]) throw new Error(`A wrong answer: ${text.slice(0, 300)}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: connections }, loop));
    return { total, perSecond: total / ((performance.now() - startedAt) / 1000) };
  } finally {
    await pool.destroy();
  }
}
