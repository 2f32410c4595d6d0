import { Button } from '@radix-ui/themes';
import { useState } from 'react';
import { ask } from '../connection/ask.ts';
import { askAgainWhoIsBlocked } from '../connection/query-client.ts';
import { announce, announceProblem } from '../problems/announce.ts';
import { UnblockUser } from './blocked-operations.ts';

export function UnblockButton({ userId, name }: { userId: string; name: string }) {
  const [sending, setSending] = useState(false);
  async function unblock(): Promise<void> {
    setSending(true);
    try {
      await ask(UnblockUser, { userId });
      const title = (
        <>
          <bdi>{name}</bdi> is not blocked any more
        </>
      );
      announce({ kind: 'unblocked', title });
      await askAgainWhoIsBlocked();
    } catch (error) {
      announceProblem(error);
    } finally {
      setSending(false);
    }
  }
  return (
    <Button variant="soft" color="gray" loading={sending} aria-label={`Unblock ${name}`} onClick={() => void unblock()}>
      Unblock
    </Button>
  );
}
