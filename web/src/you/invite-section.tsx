import { Button, Flex, Heading, Text, TextField } from '@radix-ui/themes';
import { useState } from 'react';
import { loadLater } from '../layout/load-later.tsx';
import { copyInviteLink, inviteLink } from './copy-invite-link.ts';

const QrCode = loadLater(
  () => import('./qr-code.tsx'),
  () => <span className="qr-code" aria-busy="true" />,
);

/** A way for others to one's own profile, to send or to show. */
export function InviteSection({ userId }: { userId: string }) {
  const [showsCode, setShowsCode] = useState(false);
  const link = inviteLink(userId);
  return (
    <section className="screen-section" aria-labelledby="invite">
      <div className="row-words">
        <Heading as="h2" size="4" id="invite">
          Invite somebody
        </Heading>
        <Text size="2" color="gray">
          This link leads to your profile. Send it, or let somebody scan the code.
        </Text>
      </div>
      <Flex gap="3" wrap="wrap">
        <TextField.Root
          size="3"
          className="invite-link"
          readOnly
          aria-label="Your invite link"
          value={link}
          onFocus={(event) => event.target.select()}
        />
        <Button size="3" onClick={() => void copyInviteLink()}>
          Copy
        </Button>
        <Button size="3" variant="soft" aria-expanded={showsCode} onClick={() => setShowsCode(!showsCode)}>
          {showsCode ? 'Hide the QR code' : 'Show the QR code'}
        </Button>
      </Flex>
      {showsCode ? <QrCode text={link} label="QR code of your invite link" /> : null}
    </section>
  );
}
