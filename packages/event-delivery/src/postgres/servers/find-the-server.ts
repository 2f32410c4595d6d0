import { setTimeout as sleep } from 'node:timers/promises';
import { askServer, isForWrites, type ServerAnswer } from './ask-a-server.ts';
import { readPostgresAddress, type WantedSession } from './read-postgres-address.ts';

/** Once one server fits, the others are waited for so long: one of them may have been promoted later. */
const WAIT_FOR_OTHERS_MS = 1_000;

/** No server of an address matches `target_session_attrs`. Has the code of a read-only server: a transient outage. */
export class NoServerFits extends Error {
  readonly code = '25006';
  override name = 'NoServerFits';
  constructor(wanted: WantedSession, servers: number) {
    super(`Of the ${servers} Postgres servers of the address, those that answer are not what it asks for: ${wanted}.`);
  }
}

/** A server of an address, and what it said of itself. */
export interface FoundServer extends ServerAnswer {
  readonly server: string;
}

/**
 * Failover by the client (multi-host connection string): resolves to the address of the first server that answers and
 * matches `target_session_attrs`. Of two that may be written, one is an old primary that came back: the one that was
 * promoted last is it. A single server without requirements is not probed.
 *
 * @throws {BadPostgresAddress} {NoServerFits}, or the error of the last server that did not answer
 */
export async function findTheServer(url: string): Promise<string> {
  const { servers, wanted } = readPostgresAddress(url);
  if (servers.length === 1 && wanted === 'any') return servers[0];
  return (await chooseServer(url)).server;
}

/** The same, asked in any case. */
export async function chooseServer(url: string): Promise<FoundServer> {
  const { servers, wanted } = readPostgresAddress(url);
  const answers = new Map<string, FoundServer | Error>();
  // All are asked in parallel, so that a frozen server does not delay the others.
  const asked = servers.map(async (server) => {
    const answer = await askServer(server, wanted).then(
      (said) => ({ ...said, server }),
      (error: Error) => error,
    );
    answers.set(server, answer);
    return answer;
  });
  const fitting = () =>
    servers.flatMap((server) => {
      const answer = answers.get(server);
      return answer && !(answer instanceof Error) && answer.fits ? [answer] : [];
    });
  if (isForWrites(wanted)) await allButTheSlow(asked);
  else await inOrder(asked);
  const [first, ...others] = fitting();
  if (!first) throw whyNone(await Promise.all(asked), wanted);
  return others.reduce((best, each) => (wasPromotedAfter(each, best) ? each : best), first);
}

/** Servers of different origin have nothing to compare. */
export const wasPromotedAfter = (one: ServerAnswer, other: ServerAnswer): boolean =>
  one.systemId === other.systemId && one.walTimeline > other.walTimeline;

async function allButTheSlow(asked: readonly Promise<FoundServer | Error>[]): Promise<void> {
  const firstFits = Promise.any(
    asked.map(async (asking) => {
      const answer = await asking;
      if (answer instanceof Error || !answer.fits) throw answer;
    }),
  );
  const all = Promise.all(asked);
  const patience = firstFits.then(() => sleep(WAIT_FOR_OTHERS_MS, undefined, { ref: false })).catch(() => all);
  await Promise.race([all, patience]);
}

async function inOrder(asked: readonly Promise<FoundServer | Error>[]): Promise<void> {
  for (const asking of asked) {
    const answer = await asking;
    if (!(answer instanceof Error) && answer.fits) return;
  }
}

function whyNone(answers: readonly (FoundServer | Error)[], wanted: WantedSession): Error {
  const last = answers.findLast((answer) => answer instanceof Error);
  const someAnswered = answers.some((answer) => !(answer instanceof Error));
  return someAnswered || !last ? new NoServerFits(wanted, answers.length) : last;
}
