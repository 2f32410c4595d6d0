import { type LeanAnswer, type LeanConnection, openLeanConnection } from './lean-connection.ts';

/** Each is told with the number of whom it is about. */
export interface CrowdListener {
  /** The server has seen this one. */
  joined(who: number): void;
  answered(who: number, answer: LeanAnswer): void;
  /** The connection ended without being closed here. */
  lost(why: string): void;
}

const OPENED_AT_ONCE = 100;

/**
 * Opens so many connections, each greeted by the server: what is measured over them is how it answers, not how fast this
 * machine opens connections to itself. A connection that the kernel has opened is not yet one that the server has seen.
 * Rejects when one is lost before.
 */
export async function gatherCrowd(
  { url, connections }: { readonly url: string; readonly connections: number },
  listener: CrowdListener,
): Promise<LeanConnection[]> {
  const greeting = Buffer.from(`GET /live HTTP/1.1\r\nhost: ${new URL(url).host}\r\n\r\n`);
  const crowd: LeanConnection[] = [];

  async function join(who: number): Promise<void> {
    const { promise: isGreeted, resolve: greet, reject } = Promise.withResolvers<void>();
    const lose = (why: string) => {
      listener.lost(why);
      reject(new Error(why));
    };
    let onAnswer: (answer: LeanAnswer) => void = () => greet();
    crowd[who] = await openLeanConnection(url, (answer) => onAnswer(answer), lose);
    crowd[who].send(greeting);
    await isGreeted;
    onAnswer = (answer) => listener.answered(who, answer);
    listener.joined(who);
  }

  for (let who = 0; who < connections; who += OPENED_AT_ONCE) {
    const group = Math.min(OPENED_AT_ONCE, connections - who);
    await Promise.all(Array.from({ length: group }, (_, n) => join(who + n)));
  }
  return crowd;
}
