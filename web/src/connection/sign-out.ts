import { kith } from './kith.ts';

let asked = false;
const finishers = new Set<() => Promise<unknown>>();
const FINISH_WITHIN_MS = 4_000;

/** What has to be done while there is a session to do it with. */
export function beforeSignOut(finish: () => Promise<unknown>): void {
  finishers.add(finish);
}

/** Ends the session because a person wants it to end, when what they did before has been sent. */
export async function signOut(): Promise<void> {
  asked = true;
  const finished = Promise.allSettled([...finishers].map((finish) => finish()));
  await Promise.race([finished, new Promise((resolve) => setTimeout(resolve, FINISH_WITHIN_MS))]);
  await kith.session.signOut();
}

/** Whether a session that is over was ended on purpose here; otherwise it ran out, or was ended elsewhere. */
export function wasAskedToSignOut(): boolean {
  return asked;
}

kith.session.subscribe(() => {
  if (kith.session.getSnapshot()) asked = false;
});
