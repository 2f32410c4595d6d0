import { useState } from 'react';
import { explainProblem } from '../problems/explain-problem.ts';
import { useSecondsUntil } from '../problems/use-seconds-until.ts';

export interface Failure {
  readonly error: unknown;
  /** When, in milliseconds of the epoch. */
  readonly since: number;
}

/**
 * Sends a form once at a time. `waitSeconds` is above 0 while the server wants no more tries; `field` is the input that
 * was refused, as the API names it.
 */
export function useSubmit(work: (values: FormData) => Promise<unknown>) {
  const [failure, setFailure] = useState<Failure | null>(null);
  const [sending, setSending] = useState(false);
  const problem = failure ? explainProblem(failure.error) : undefined;
  const waitSeconds = useSecondsUntil(
    failure && problem?.retryAfterMs !== undefined ? failure.since + problem.retryAfterMs : undefined,
  );
  async function submit(event: { preventDefault(): void; currentTarget: HTMLFormElement }): Promise<void> {
    event.preventDefault();
    if (sending || waitSeconds > 0) return;
    const values = new FormData(event.currentTarget);
    setSending(true);
    setFailure(null);
    try {
      await work(values);
    } catch (error) {
      setFailure({ error, since: Date.now() });
    } finally {
      setSending(false);
    }
  }
  return { submit, sending, failure, waitSeconds, field: problem?.field };
}

/** The text of one input. */
export function textOf(values: FormData, name: string): string {
  return String(values.get(name) ?? '');
}
