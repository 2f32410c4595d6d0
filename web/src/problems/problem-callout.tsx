import { ExclamationTriangleIcon } from '@radix-ui/react-icons';
import { Button, Callout, Flex, Text } from '@radix-ui/themes';
import { explainProblem } from './explain-problem.ts';
import { useSecondsUntil } from './use-seconds-until.ts';

/**
 * An error, where it happened. `since`: when it happened, in milliseconds of the epoch, for the countdown of a limit.
 */
export function ProblemCallout({ error, since, onRetry }: { error: unknown; since?: number; onRetry?: () => void }) {
  const { title, advice, retryAfterMs, mayPass } = explainProblem(error);
  const seconds = useSecondsUntil(retryAfterMs === undefined ? undefined : (since ?? Date.now()) + retryAfterMs);
  return (
    <Callout.Root color={mayPass ? 'amber' : 'red'} role="alert" className="problem">
      <Callout.Icon>
        <ExclamationTriangleIcon />
      </Callout.Icon>
      <Flex direction="column" gap="1" asChild>
        <div>
          <Text size="2" weight="bold">
            {title}
          </Text>
          <Text size="2">{retryAfterMs === undefined ? advice : countdown(seconds)}</Text>
          {mayPass && onRetry ? (
            <Flex pt="1">
              <Button size="1" variant="surface" color="amber" onClick={onRetry}>
                Try again
              </Button>
            </Flex>
          ) : null}
        </div>
      </Flex>
    </Callout.Root>
  );
}

function countdown(seconds: number): string {
  if (seconds <= 0) return 'You can try again now.';
  if (seconds < 90) return `Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `Try again in ${minutes} minutes.` : `Try again in ${Math.ceil(minutes / 60)} hours.`;
}
