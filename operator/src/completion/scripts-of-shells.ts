import type { Completion } from './what-may-follow.ts';

const list = (words: readonly string[]) => words.join(' ');
/** A pattern that a command line fits which begins so: all of them for ''. */
const beginning = (after: string) => (after === '' ? '*' : `"${after} "*`);

/** Sets `may` to what may follow, as both bash and zsh read it. */
function casesOf(completions: readonly Completion[]): string {
  const choices = completions.flatMap(({ after, choices }) =>
    Object.entries(choices).map(([flag, words]) => `    "${flag} ${after}"*) may='${list(words)}'; isValue=yes ;;`),
  );
  const rest = completions.map(
    ({ after, words, flags, takesFile }) =>
      `      ${beginning(after)}) may='${list(words)}'; flags='${list(flags)}'${takesFile ? '; takesFile=yes' : ''} ;;`,
  );
  return `  case "$previous $said" in
${choices.join('\n')}
  esac
  if [ -z "$isValue" ]; then
    case "$said" in
${rest.join('\n')}
    esac
  fi`;
}

/** https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html */
export const completeInBash = (completions: readonly Completion[]) => `# kith in bash
_kith() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local said='' may='' flags='' takesFile='' isValue='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) said="$said$word " ;; esac
  done
${casesOf(completions)}
  case "$current" in -*) may="$flags" ;; esac
  COMPREPLY=($(compgen -W "$may" -- "$current"))
  if [ -n "$takesFile" ] && [ \${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _kith kith
`;

/** https://zsh.sourceforge.io/Doc/Release/Completion-Widgets.html */
export const completeInZsh = (completions: readonly Completion[]) => `#compdef kith
_kith() {
  local current="\${words[CURRENT]}" previous="\${words[CURRENT-1]}"
  local -a typed=("\${(@)words[2,CURRENT-1]}")
  local said='' may='' flags='' takesFile='' isValue='' word
  for word in "\${typed[@]}"; do
    case "$word" in -*) ;; *) said="$said$word " ;; esac
  done
${casesOf(completions)}
  case "$current" in -*) may="$flags" ;; esac
  compadd -- \${=may}
  if [ -n "$takesFile" ]; then _files; fi
}
compdef _kith kith
`;

/** https://fishshell.com/docs/current/completions.html */
export function completeInFish(completions: readonly Completion[]): string {
  const lines = completions.flatMap(({ after, words, flags, choices, takesFile }) => {
    const here = `complete -c kith -n '__kith_at ${after}'`;
    return [
      ...(words.length > 0 ? [`${here} -a '${list(words)}'`] : []),
      ...flags.map((flag) => {
        const may = choices[flag];
        return `${here} -l ${flag.slice(2)}${may ? ` -x -a '${list(may)}'` : ''}`;
      }),
      ...(takesFile ? [`${here} -F`] : []),
    ];
  });
  const names = completions.map(({ after }) => after).filter((after) => after !== '');
  return `# kith in fish
function __kith_at
    set -l path (string join ' ' -- (string match -v -- '-*' (commandline -opc)[2..]))
    for name in ${names.map((name) => `'${name}'`).join(' ')}
        if test "$path" = $name; or string match -q -- "$name *" "$path"
            test "$argv" = $name
            return
        end
    end
    test -z "$argv"
end
complete -c kith -f
${lines.join('\n')}
`;
}
