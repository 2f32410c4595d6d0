import { kith } from './kith.ts';

let asked = false;

/** Ends the session because a person wants it to end. */
export async function signOut(): Promise<void> {
  asked = true;
  await kith.session.signOut();
}

/** Whether a session that is over was ended on purpose here; otherwise it ran out, or was ended elsewhere. */
export function wasAskedToSignOut(): boolean {
  return asked;
}

kith.session.subscribe(() => {
  if (kith.session.getSnapshot()) asked = false;
});
