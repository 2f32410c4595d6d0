export const MOST_LINES = 250;
export const MOST_FILES = 15;

/** The reason for a file's length, where its first comment gives one: at least a few words of it. */
const REASON = /^(?:#!.*\n)?\s*(?:\/\/|\/\*\*?|--)\s*(?:\*\s*)?Longer than other files: \S.{15,}/;

/** What is wrong with a file's length, in a line; undefined when it is as it should be. */
export function findTooLong(path: string, text: string): string | undefined {
  const lines = text.replace(/\n$/, '').split('\n').length;
  const hasReason = REASON.test(text);
  if (lines > MOST_LINES && !hasReason) {
    return `${path} has ${lines} lines: split it, or begin it with "// Longer than other files: <the reason>".`;
  }
  if (lines <= MOST_LINES && hasReason) return `${path} has ${lines} lines, and needs no reason for more.`;
  return undefined;
}

/** Decisions are numbered pages of one kind; the top holds what tools look for there. */
export function roomy(folder: string): boolean {
  return folder === '.' || folder === 'docs/decisions';
}
