const REDRAW_EVERY_MS = 100;
const LINE_EVERY_MS = 5_000;

export type Progress = {
  /** `rest`: what follows the bar, for example a rate. */
  show(label: string, done: number, total: number, rest?: string): void;
  /** Removes the bar, so that a line can be printed in its place. */
  clear(): void;
  /** The work is over: nothing is shown any more. */
  end(): void;
};

/**
 * A bar on a terminal; elsewhere (a log, a pipe, a terminal that cannot redraw a line) one line every few seconds, however
 * slow the work is. With `json`, which is for programs, nothing but the bar.
 */
export function showProgress({
  json = false,
  stream = process.stderr,
  env = process.env,
}: {
  json?: boolean | undefined;
  stream?: NodeJS.WriteStream;
  env?: NodeJS.ProcessEnv;
} = {}): Progress {
  if (stream.isTTY && env.TERM !== 'dumb') return drawBar(stream, env);
  return json ? { show: () => {}, clear: () => {}, end: () => {} } : writeLines(stream);
}

const count = (number: number) => number.toLocaleString('en');

function drawBar(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Progress {
  const [full, empty] = speaksUtf8(env) ? ['█', '░'] : ['#', '-'];
  let drawnAt = -Infinity;
  const clear = () => {
    stream.write('\r\x1b[2K');
    drawnAt = -Infinity;
  };
  return {
    clear,
    end: clear,
    show: (label, done, total, rest = '') => {
      if (performance.now() - drawnAt < REDRAW_EVERY_MS && done < total) return;
      drawnAt = performance.now();
      const width = 24;
      const filled = total === 0 ? width : Math.round((width * done) / total);
      const bar = full.repeat(filled) + empty.repeat(width - filled);
      const text = `${label} ${bar} ${count(done)} of ${count(total)} ${rest}`;
      stream.write(`\r\x1b[2K${text.slice(0, (stream.columns || 80) - 1)}`);
    },
  };
}

/** By the first of these that is set (https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html#tag_08_02). */
function speaksUtf8({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): boolean {
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '');
}

function writeLines(stream: NodeJS.WriteStream): Progress {
  let latest: string | undefined;
  const timer = setInterval(() => latest !== undefined && stream.write(`${latest}\n`), LINE_EVERY_MS);
  // What is shown never keeps the command from ending.
  timer.unref();
  return {
    clear: () => {},
    end: () => clearInterval(timer),
    show: (label, done, total, rest = '') => {
      latest = `${label}: ${count(done)} of ${count(total)} ${rest}`.trimEnd();
    },
  };
}
