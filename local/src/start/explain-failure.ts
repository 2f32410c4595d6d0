import { ChildDidNotStart, SetupProblem } from '@kith/local-servers';

/** One sentence for what an operator can fix; the stack for what only a programmer can. */
export function explain(error: unknown): string {
  if (error instanceof SetupProblem) return error.message;
  if (error instanceof ChildDidNotStart) return `${error.message}. The whole story is in ${error.logFile}.`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
