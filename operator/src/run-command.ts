import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorCallFailed, workspaceRoot } from '@kith/local';
import { COMMANDS, type Command } from './known-commands.ts';
import { CommandFailed, type ExitCode, UsedWrongly } from './running-system/end-with-a-code.ts';
import { explainFileError } from './running-system/explain-file-error.ts';
import { SYSTEM_VARIABLES } from './running-system/find-running-system.ts';

const HELP_FLAGS = ['--help', '-h'];
const VERSION_FLAGS = ['--version', '-V'];

/**
 * Runs the command that the first words name, and tells what came of it: on stdout, and what is wrong on stderr. With
 * `--json` it is JSON on stdout whatever comes of it.
 *
 * @param words as they were typed after `kith`
 */
export async function runKith(words: readonly string[]): Promise<ExitCode> {
  // `pnpm kith -- …` hands the two dashes on.
  const args = words[0] === '--' ? words.slice(1) : words;
  const ours = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  const json = ours.includes('--json');
  const has = (flags: readonly string[]) => ours.some((word) => flags.includes(word));
  const asksForHelp = has(HELP_FLAGS) || args[0] === 'help';
  const named = args[0] === 'help' ? args.slice(1) : args;
  const name = nameIn(named);
  try {
    if (name !== undefined && !asksForHelp) {
      return await (COMMANDS[name] as Command).run(named.slice(name.split(' ').length));
    }
    if (name !== undefined) return print({ help: COMMANDS[name]?.help }, COMMANDS[name]?.help ?? '', json);
    const group = named.filter((word) => !word.startsWith('-'));
    const commands = commandsIn(group);
    // A mistyped command gets its refusal before any help.
    if (commands.length === 0) throw new UsedWrongly(`There is no command kith ${group.join(' ')}.`, HELP);
    if (has(VERSION_FLAGS) && group.length === 0) return print({ version }, `kith ${version}`, json);
    refuseFlags(named);
    const help = group.length === 0 ? HELP : `${listOf(commands)}\n\nkith ${group.join(' ')} COMMAND --help says more.`;
    return print({ help }, help, json);
  } catch (error) {
    return explained(error, json);
  }
}

const nameIn = (words: readonly string[]) =>
  Object.keys(COMMANDS).find((command) => command.split(' ').every((word, index) => words[index] === word));

/** Those whose names begin with these words: a group, such as `events dead`; all of them for no words. */
const commandsIn = (group: readonly string[]) =>
  Object.entries(COMMANDS).flatMap(([name, command]) =>
    group.every((word, index) => name.split(' ')[index] === word) ? [command] : [],
  );

function refuseFlags(words: readonly string[]): void {
  const known = [...HELP_FLAGS, ...VERSION_FLAGS, '--json'];
  const other = words.find((word) => word.startsWith('-') && !known.includes(word));
  if (other !== undefined) throw new UsedWrongly(`There is no flag ${other} here: name a command first.`, HELP);
}

const listOf = (commands: readonly Command[]) => commands.map(({ help }) => `  ${help.split('\n')[0]}`).join('\n');

const { version } = JSON.parse(readFileSync(join(workspaceRoot, 'package.json'), 'utf8')) as { version: string };

const HELP = `kith COMMAND …, the operator's command (./kith, or npx -y pnpm@12 kith). It finds the system that runs from
KITH_DATA (.kith), or the one that ${SYSTEM_VARIABLES} name.

${listOf(Object.values(COMMANDS))}

kith COMMAND --help says more, and kith --version which Kith this is. It ends with 0 when done, 1 when it found something or
failed, 2 when used wrongly, and as a signal would have it when that ended it (130 for Ctrl-C).`;

function print(value: object, text: string, json: boolean): ExitCode {
  process.stdout.write(`${json ? JSON.stringify(value) : text}\n`);
  return 0;
}

/** For people a sentence on stderr; for programs, which asked for JSON, `{"error":{code,message}}` on stdout. */
function explained(thrown: unknown, json: boolean): ExitCode {
  const error = explainFileError(thrown);
  const { code = 'INTERNAL_ERROR', message, stack } = error as Error & { code?: string };
  const foreseen =
    error instanceof UsedWrongly || error instanceof CommandFailed || error instanceof OperatorCallFailed;
  const found = error instanceof CommandFailed ? error.found : {};
  const told = { error: { code, message }, ...found };
  if (json) process.stdout.write(`${JSON.stringify(told)}\n`);
  if (!json || !foreseen) process.stderr.write(`${foreseen ? message : stack}\n`);
  return error instanceof UsedWrongly ? 2 : 1;
}
