import { CircleBackslashIcon } from '@radix-ui/react-icons';
import { Flex, Spinner } from '@radix-ui/themes';
import { type ReactNode, useRef } from 'react';
import { EmptyState } from './empty-state.tsx';
import { explainProblem } from './explain-problem.ts';
import { ProblemCallout } from './problem-callout.tsx';

interface Asked {
  readonly data: unknown;
  readonly error: unknown;
  readonly fetchStatus: 'fetching' | 'paused' | 'idle';
  refetch(): unknown;
}

/**
 * What stands where an answer is due: while it is asked for, when there is no network to ask over, and when it failed.
 * Nothing when the answer is there and is as new as it can be.
 *
 * @param what is missing offline, as a sentence begins: "Whom you have blocked"
 * @param whileAsked in place of a spinner
 */
export function AnswerDue({ asked, what, whileAsked }: { asked: Asked; what: string; whileAsked?: ReactNode }) {
  const { data, error, fetchStatus, refetch } = asked;
  // Asked again after a failure, it has neither failed nor been answered: the failure stays until one of the two is so.
  const lastError = useRef<unknown>(null);
  if (error || data !== undefined) lastError.current = error;
  const isKnown = data !== undefined;
  if (fetchStatus === 'paused') return isKnown ? null : <NotWhileOffline what={what} />;
  if (lastError.current) {
    // The page says by itself that it is offline, and then shows what it knows.
    if (isKnown && explainProblem(lastError.current).mayPass) return null;
    return <ProblemCallout error={lastError.current} onRetry={() => void refetch()} />;
  }
  if (isKnown) return null;
  return (
    whileAsked ?? (
      <Flex justify="center" py="9" aria-busy="true">
        <Spinner size="3" />
      </Flex>
    )
  );
}

/** In place of what only the server can tell. */
export function NotWhileOffline({ what }: { what: string }) {
  return (
    <EmptyState icon={<CircleBackslashIcon />} title="Not while you are offline">
      {what} will be shown here as soon as the connection is back.
    </EmptyState>
  );
}
