const REDRAW_EVERY_MS = 100;

export type Progress = {
  /** `rest`: what follows the bar, for example a rate. */
  show(label: string, done: number, total: number, rest?: string): void;
  /** Removes the bar, so that a line can be printed in its place. */
  clear(): void;
};

/** A bar on stderr when that is a terminal; nothing at all otherwise. */
export function showProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  if (!stream.isTTY) return { show: () => {}, clear: () => {} };
  let drawnAt = -Infinity;
  const clear = () => {
    stream.write('\r\x1b[2K');
    drawnAt = -Infinity;
  };
  return {
    clear,
    show: (label, done, total, rest = '') => {
      if (performance.now() - drawnAt < REDRAW_EVERY_MS && done < total) return;
      drawnAt = performance.now();
      const width = 24;
      const filled = total === 0 ? width : Math.round((width * done) / total);
      const bar = '█'.repeat(filled) + '░'.repeat(width - filled);
      const text = `${label} ${bar} ${done.toLocaleString('en')} of ${total.toLocaleString('en')} ${rest}`;
      stream.write(`\r\x1b[2K${text.slice(0, (stream.columns || 80) - 1)}`);
    },
  };
}
