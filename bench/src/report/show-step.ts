export interface Steps {
  show(what: string): void;
  clear(): void;
}

/** One line on stderr that says what is done at this moment, when that is a terminal; nothing at all otherwise. */
export function showSteps(stream: NodeJS.WriteStream = process.stderr): Steps {
  if (!stream.isTTY) return { show: () => {}, clear: () => {} };
  const startedAt = performance.now();
  const clear = () => void stream.write('\r\x1b[2K');
  return {
    clear,
    show(what) {
      const seconds = Math.round((performance.now() - startedAt) / 1000);
      clear();
      stream.write(`${seconds} s · ${what}`.slice(0, (stream.columns || 80) - 1));
    },
  };
}
