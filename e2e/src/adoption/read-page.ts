/** What one block of a page asks of whoever types it. */
export type Block = { readonly section: string } & (
  | { readonly kind: 'file'; readonly path: string; readonly text: string }
  /** Typed at once; the next block waits for its end. */
  | { readonly kind: 'commands'; readonly text: string }
  /** Typed into a terminal of its own, where it runs until the section ends. */
  | { readonly kind: 'terminal'; readonly text: string }
  /** What the last command before it answers, soon. */
  | { readonly kind: 'answer'; readonly text: string }
  /** Where the servers are: those of the test take their place, under the variables that it exports. */
  | { readonly kind: 'servers'; readonly text: string }
);

const FENCE = /^(?:## (.+)|```(\w+)(?: ([^\n]+))?\n([\s\S]*?)^```)$/gm;

/**
 * The blocks of a page in their order, by what stands behind the opening fence: a path makes a file, `sh` is typed, with
 * `terminal` behind it in a terminal of its own, `answer` is what comes, `servers` is where the servers are. Other blocks
 * are parts of something and are not typed.
 */
export function readPage(page: string): Block[] {
  let section = '';
  return [...page.matchAll(FENCE)].flatMap(([, heading, language, told = '', text = '']): Block[] => {
    if (heading !== undefined) {
      section = heading;
      return [];
    }
    if (told.includes('.')) return [{ section, kind: 'file', path: told, text }];
    if (told === 'answer' || told === 'servers') return [{ section, kind: told, text }];
    if (language === 'sh') return [{ section, kind: told === 'terminal' ? 'terminal' : 'commands', text }];
    return [];
  });
}
