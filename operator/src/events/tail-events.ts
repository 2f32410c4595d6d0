import { DEAD_STREAM } from '@kith/event-delivery';
import { linesOf, type OperatorService } from '@kith/local';
import { keeperOf, streamOf, WITH_STREAM } from '@kith/services';
import { CommandFailed, type ExitCode } from '../running-system/end-with-a-code.ts';
import { findRunningSystem } from '../running-system/find-running-system.ts';
import { oneOfOrAll, readArguments } from '../running-system/read-arguments.ts';
import { whenStopped } from '../running-system/stop-when-asked.ts';

/** Each service shows its own stream, and any of them shows the dead letters. */
const SHOWN_BY: readonly (readonly [OperatorService, string])[] = [
  ...WITH_STREAM.map((service) => [service, streamOf(service).name] as const),
  [keeperOf(), DEAD_STREAM.name],
];
const STREAMS = SHOWN_BY.map(([, stream]) => stream);

export const TAIL_HELP = `kith events tail [--stream ${STREAMS.join('|')}] [--type PREFIX] [--owner ID] [--json]

Shows events as they are published, until Ctrl-C, which ends it with 0.

  --type   the beginning of the type, for example kith.friend.
  --json   one JSON object a line, with the data; {"shown":0} at its end when there was none`;

type Line = {
  stream?: string;
  type?: string;
  ownerId?: string;
  revision?: number;
  time?: string;
  reason?: string;
  dropped?: number;
};

/** `kith events tail`. Ends only with its reader, or when a service goes away (1). */
export async function tailEvents(args: readonly string[]): Promise<ExitCode> {
  const text = { type: 'string' } as const;
  const { values } = readArguments(args, TAIL_HELP, { stream: text, type: text, owner: text });
  const { stream, type, owner, json } = values;
  const streams = oneOfOrAll('--stream', stream, STREAMS, TAIL_HELP);
  const access = await findRunningSystem();
  let shown = 0;
  const following = SHOWN_BY.filter(([, name]) => streams.includes(name)).map(async ([service, name]) => {
    const query = new URLSearchParams({ stream: name, type: type ?? '', owner: owner ?? '' });
    for await (const line of linesOf<Line>(access, service, `/operator/events/tail?${query}`)) {
      if (Object.keys(line).length === 0) continue;
      shown += 1;
      process.stdout.write(`${json ? JSON.stringify(line) : described(line)}\n`);
    }
  });
  const stopped = new Promise<'stopped'>((resolve) => {
    whenStopped(async () => {
      resolve('stopped');
      if (json && shown === 0) process.stdout.write('{"shown":0}\n');
      return 0;
    });
  });
  if ((await Promise.race([stopped, ...following])) === 'stopped') return 0;
  throw new CommandFailed('A service that was followed went away: its log says why.', { code: 'SERVICE_UNAVAILABLE' });
}

function described(line: Line): string {
  if (line.dropped !== undefined) return `… ${line.dropped} more: this reader was too slow`;
  const { time = '', stream = '', type = '', ownerId = '', revision = '', reason = '' } = line;
  return [time.padEnd(25), stream.padEnd(7), type.padEnd(34), ownerId.padEnd(37), revision, reason].join(' ').trimEnd();
}
