/** What may follow so many words of a command line. */
export type Completion = {
  /** '' for what may be first, `events dead` for what may follow that. */
  after: string;
  /** Commands, or parts of their names. */
  words: readonly string[];
  flags: readonly string[];
  /** What a flag may be, where few words may be: `--service` is `user` or `friend`. */
  choices: Readonly<Record<string, readonly string[]>>;
  takesFile: boolean;
};

/**
 * Out of the names of the commands and the usage that their help begins with, the one place where their flags stand. The
 * longest names come first: whoever compares beginnings finds the right one.
 */
export function completionsOf(commands: Readonly<Record<string, { help: string }>>): Completion[] {
  const names = Object.keys(commands);
  const groups = names.flatMap((name) => name.split(' ').map((_, at, words) => words.slice(0, at).join(' ')));
  return [...new Set([...groups, ...names])].sort(longestFirst).map((after) => {
    const { help } = commands[after] ?? { help: '' };
    const [usage = ''] = help.split('\n\n');
    const shell = /^kith completion (\S+)/.exec(usage)?.[1]?.split('|') ?? [];
    return {
      after,
      words: [...nextWords(names, after), ...shell],
      flags: [...new Set([...(usage.match(/--[a-z-]+/g) ?? []), '--help', ...(after === '' ? ['--version'] : [])])],
      choices: Object.fromEntries(
        [...usage.matchAll(/(--[a-z-]+) ([\w-]+(?:\|[\w-]+)+)/g)].map(([, flag = '', said = '']) => [
          flag,
          said.split('|'),
        ]),
      ),
      takesFile: /\bFILE\b/.test(usage),
    };
  });
}

const wordsOf = (name: string) => (name === '' ? [] : name.split(' '));
const longestFirst = (one: string, other: string) => wordsOf(other).length - wordsOf(one).length;

const nextWords = (names: readonly string[], after: string) => {
  const before = wordsOf(after);
  const next = names.flatMap((name) => {
    const words = name.split(' ');
    return before.every((word, at) => words[at] === word) ? (words[before.length] ?? []) : [];
  });
  return [...new Set(next)];
};
