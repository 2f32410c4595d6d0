import type { ExitCode } from '../running-system/end-with-a-code.ts';
import { oneOfOrAll, readArguments } from '../running-system/read-arguments.ts';
import { completeInBash, completeInFish, completeInZsh } from './scripts-of-shells.ts';
import { completionsOf } from './what-may-follow.ts';

const SHELLS = { bash: completeInBash, zsh: completeInZsh, fish: completeInFish } as const;
const NAMES = Object.keys(SHELLS) as (keyof typeof SHELLS)[];

export const COMPLETION_HELP = `kith completion ${NAMES.join('|')} [--json]

Prints what completes kith in a shell, its commands and their flags, where the program kith is in your PATH:
  bash  source <(kith completion bash)
  zsh   source <(kith completion zsh), after compinit
  fish  kith completion fish | source`;

/** `kith completion`. It asks no system. */
export async function writeCompletion(
  args: readonly string[],
  commands: Readonly<Record<string, { help: string }>>,
): Promise<ExitCode> {
  const words = { least: 1, most: 1, called: 'The shell' };
  const { values, positionals } = readArguments(args, COMPLETION_HELP, {}, words);
  const [shell] = oneOfOrAll('The shell', positionals[0], NAMES, COMPLETION_HELP) as [keyof typeof SHELLS];
  const script = SHELLS[shell](completionsOf(commands));
  process.stdout.write(values.json ? `${JSON.stringify({ shell, script })}\n` : script);
  return 0;
}
