import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

type Question = { id: number; what: string; input: unknown };
type Answer = { id: number; result?: unknown; error?: string };

/** Another process of the benchmark's: clients that must not disturb what they measure, or a floor's server. */
export interface HelperProcess {
  readonly pid: number;
  ask<Result>(what: string, input?: unknown): Promise<Result>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a program that calls `answerQuestions`. */
export function startHelper(program: URL): HelperProcess {
  // Structured cloning carries the typed arrays that clients note their times in.
  const child = fork(fileURLToPath(program), { execArgv: [], serialization: 'advanced' });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let asked = 0;
  child.on('message', ({ id, result, error }: Answer) => {
    const question = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) question?.resolve(result);
    else question?.reject(new Error(error));
  });
  child.on('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`A helper process ended (${code ?? signal}).`));
  });
  return {
    pid: child.pid!,
    ask<Result>(what: string, input?: unknown) {
      asked += 1;
      const answer = Promise.withResolvers<unknown>();
      waiting.set(asked, answer);
      child.send({ id: asked, what, input } satisfies Question, (error) => error && answer.reject(error));
      return answer.promise as Promise<Result>;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill();
      await once(child, 'exit');
    },
  };
}

/** In the helper's process: answers its parent, and ends with it. */
export function answerQuestions(answers: Record<string, (input: never) => unknown>): void {
  process.on('disconnect', () => process.exit());
  process.on('message', async ({ id, what, input }: Question) => {
    const answer: Answer = await Promise.resolve()
      .then(() => answers[what]!(input as never))
      .then(
        (result) => ({ id, result }),
        (error) => ({ id, error: String(error) }),
      );
    process.send?.(answer);
  });
}
