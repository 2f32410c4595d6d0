import { ExclamationTriangleIcon } from '@radix-ui/react-icons';
import { Button, Callout, Flex, Text } from '@radix-ui/themes';
import { explainProblem } from './explain-problem.ts';
import { useSecondsUntil } from './use-seconds-until.ts';
import { waitInWords } from './wait-in-words.ts';

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
          <Text size="2">
            {retryAfterMs === undefined
              ? advice
              : seconds > 0
                ? `${advice} Try again in ${waitInWords(seconds)}.`
                : 'You can try again now.'}
          </Text>
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
