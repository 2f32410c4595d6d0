import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsedWrongly } from './end-with-a-code.ts';

type Options = NonNullable<ParseArgsConfig['options']>;
type WithJson<Given extends Options> = Given & { json: { type: 'boolean' } };
type Values<Given extends Options> = ReturnType<
  typeof parseArgs<{ options: WithJson<Given>; strict: true; allowPositionals: true }>
>['values'];

/** How many words a command takes besides its flags, and what its usage calls them. */
export type Words = { least?: number; most?: number; called?: string };

/**
 * Reads what stands behind the name of a command, in the way of POSIX and GNU command lines. `--json` is a flag of every
 * command.
 *
 * @param usage of the command; it follows what was wrong
 * @throws {UsedWrongly} that says in one sentence what is wrong: a flag that there is not, without its value, given
 *   twice or empty; a word too many or too few
 */
export function readArguments<const Given extends Options>(
  args: readonly string[],
  usage: string,
  options: Given,
  { least = 0, most = 0, called = '' }: Words = {},
): { values: Values<Given>; positionals: string[] } {
  const known: Options = { ...options, json: { type: 'boolean' } };
  const read = parseArgs({ args: [...args], options: known, strict: false, allowPositionals: true, tokens: true });
  const refuse = (sentence: string): never => {
    throw new UsedWrongly(sentence, usage);
  };
  const given = new Set<string>();
  for (const token of read.tokens) {
    if (token.kind !== 'option') continue;
    const wrong = whatIsWrongWith(token, known[token.name], given.has(token.name));
    if (wrong !== undefined) refuse(wrong);
    given.add(token.name);
  }
  const { positionals } = read;
  if (positionals.includes('')) refuse('An empty word names nothing.');
  if (positionals.length < least) refuse(`${called} is missing.`);
  if (positionals.length > most) refuse(`"${positionals[most]}" is one word too many.`);
  return { values: read.values as Values<Given>, positionals };
}

type Flag = { name: string; rawName: string; value?: string | undefined; inlineValue?: boolean | undefined };

/** An empty value would read as "whatever it is", and drop everything where one thing was meant. */
function whatIsWrongWith(
  { rawName, value, inlineValue }: Flag,
  option: Options[string] | undefined,
  isSecond: boolean,
): string | undefined {
  if (option === undefined) return `There is no flag ${rawName} here.`;
  if (isSecond && !option.multiple) return `${rawName} is given twice.`;
  if (option.type === 'boolean') return value === undefined ? undefined : `${rawName} takes no value.`;
  if (value === undefined || value === '') return `${rawName} needs a value.`;
  if (!inlineValue && value.startsWith('-')) {
    return `${rawName} needs a value: ${value} looks like a flag. To give that, write ${rawName}=${value}.`;
  }
  return undefined;
}

/** One of these words, or all of them where the flag was not given. @throws {UsedWrongly} */
export function oneOfOrAll<Word extends string>(
  flag: string,
  said: string | undefined,
  words: readonly Word[],
  usage: string,
): readonly Word[] {
  if (said === undefined) return words;
  const found = words.filter((word) => word === said);
  if (found.length > 0) return found;
  throw new UsedWrongly(`${flag} "${said}" is none of ${words.join(', ')}.`, usage);
}

/** Whole numbers from 1, as lists number what they show. @throws {UsedWrongly} that names the first other word */
export function wholeNumbers(words: readonly string[], of: string, usage: string): number[] {
  const other = words.find((word) => !/^[1-9]\d{0,14}$/.test(word));
  if (other === undefined) return words.map(Number);
  throw new UsedWrongly(`"${other}" is not the number of ${of}: give a whole number from 1.`, usage);
}
