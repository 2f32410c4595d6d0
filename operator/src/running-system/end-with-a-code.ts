/** How a `kith` command ends: 0 done, 1 it found something or failed, 2 it was called wrongly, others: a signal ended it. */
export type ExitCode = 0 | 1 | 2 | 129 | 130 | 143;

/** The command was called wrongly; the message says what is wrong, and shows the usage after it. Ends with code 2. */
export class UsedWrongly extends Error {
  override name = 'UsedWrongly';
  readonly code = 'USED_WRONGLY';
  constructor(sentence: string, usage?: string) {
    super(usage === undefined ? sentence : `${sentence}\n\n${usage}`);
  }
}

/** The command could not do its work; the message is for the person who called it, `found` for `--json`. Ends with 1. */
export class CommandFailed extends Error {
  override name = 'CommandFailed';
  readonly code: string;
  readonly found: object;
  constructor(
    message: string,
    { code = 'FAILED', found = {}, cause }: { code?: string; found?: object; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.found = found;
  }
}
