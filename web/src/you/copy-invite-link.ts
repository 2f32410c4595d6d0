import { kith } from '../connection/kith.ts';
import { announce } from '../problems/announce.ts';

/** Leads whoever opens it to the signed-in person's profile, after signing in where they are not. */
export function inviteLink(userId: string): string {
  return new URL(`/people/${userId}`, location.origin).href;
}

/** Copies the link, and says so; pages without TLS have no clipboard: then it says what to do. */
export async function copyInviteLink(): Promise<void> {
  const userId = kith.session.getSnapshot()?.user.id;
  if (!userId) return;
  try {
    await navigator.clipboard.writeText(inviteLink(userId));
    announce({ kind: 'copied', title: 'Link copied', text: 'Whoever opens it can ask to be your friend.' });
  } catch {
    const text = 'This browser does not let the page copy. Select the link under “You”, and copy it by hand.';
    announce({ kind: 'copied', title: 'Not copied', text, isProblem: true });
  }
}
