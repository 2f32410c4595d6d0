/** A test as a page names it: a file, and titles in it; none names the file alone. */
export interface NamedTest {
  readonly file: string;
  readonly titles: readonly string[];
}

/**
 * Reads a cell such as `` `file`: “title”, “title”; `file` and `file`: “title” ``; without quotes a title goes on to the
 * next semicolon before a file. “The same file” is the last one of the row above.
 */
export function readNamedTests(cell: string, fileAbove?: string): NamedTest[] {
  const named = cell.replace(/^the same file\b/, `\`${fileAbove}\``);
  return named.split(/; (?=`)/).flatMap((part) => {
    const [, files = '', told = ''] = /^((?:`[^`]+`(?: and )?)+)(?::\s*(.+))?$/s.exec(part) ?? [undefined, part];
    const quotes = told.startsWith('“') ? /“([^”]+)”/g : /^"|(?<=", )"/.test(told) ? /"([^"]+)"/g : /(?!)/g;
    const quoted = [...told.matchAll(quotes)].map(([, title]) => title as string);
    const titles = quoted.length > 0 ? quoted : told ? [told] : [];
    return files.split(' and ').map((file) => ({ file: file.replaceAll('`', ''), titles }));
  });
}

/** The titles of tests and of their groups in a source: first arguments of calls that are texts. */
function titlesIn(source: string): string[] {
  const literals = source.matchAll(/\(\s*(?:'((?:\\.|[^'\\\n])+)'|"((?:\\.|[^"\\\n])+)"|`((?:\\.|[^`\\])+)`)\s*,/g);
  return [...literals].map((found) => (found[1] ?? found[2] ?? found[3] ?? '').replaceAll(/\\(['"`])/g, '$1'));
}

/**
 * Whether a source has a test of this title. What a table fills in (`%s`, `$name`, `${…}`) may stand as `…` in the title,
 * or as what it is filled with, which has to be a value in the source.
 */
export function hasTest(source: string, title: string): boolean {
  const text = source.replaceAll(/\\(['"`\\])/g, '$1');
  return titlesIn(source).some((written) => {
    const filled = patternOf(written, /%[sdifjo]|\$\{[^}]*\}|\$[a-zA-Z_.]+/).exec(title);
    if (filled) return filled.slice(1).every((value) => value.includes('…') || isWritten(text, value));
    return title.includes('…') && patternOf(title, /…/).test(written);
  });
}

/** As a whole text or number: half of one, or the text of a page, is no value of a table. */
function isWritten(source: string, value: string): boolean {
  return /^\d*$/.test(value) || [`'`, '"', '`'].some((quote) => source.includes(`${quote}${value}${quote}`));
}

function patternOf(text: string, placeholder: RegExp): RegExp {
  const fixed = text.split(placeholder).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${fixed.join('(.*)')}$`, 's');
}
