import { SetupProblem } from '@kith/local-servers';
import { ConfigError } from '@kith/service-kit';

/**
 * Prints one sentence for an error that an operator can fix, the stack otherwise, and makes the process end with code
 * 1.
 */
export function endWithSentence(error: unknown): void {
  const { message, stack } = error as Error;
  process.stderr.write(`${error instanceof SetupProblem || error instanceof ConfigError ? message : stack}\n`);
  process.exitCode = 1;
}
