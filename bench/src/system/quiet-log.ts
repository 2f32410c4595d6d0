import type { Log } from '@kith/event-delivery';

/** Says only what spoils a measurement. */
export const quietLog: Log = {
  debug: () => {},
  info: () => {},
  warn: (fields, message) => void process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
  error: (fields, message) => void process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
};
