/**
 * Something the person at the terminal has to do before Kith can run. The message is ONE sentence that says what:
 * commands print it alone, without a stack, and end with code 1.
 */
export class SetupProblem extends Error {
  override name = 'SetupProblem';
}
