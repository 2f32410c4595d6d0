import { useSession } from '@kith/client/react';
import { Button, Flex, Heading, Text } from '@radix-ui/themes';
import { useState } from 'react';
import { kith } from '../connection/kith.ts';
import { signOut } from '../connection/sign-out.ts';

export function SessionSection() {
  const session = useSession(kith);
  const [sending, setSending] = useState(false);
  return (
    <section className="screen-section" aria-labelledby="session">
      <Flex justify="between" align="center" gap="4" wrap="wrap">
        <div className="row-words">
          <Heading as="h2" size="4" id="session">
            This session
          </Heading>
          <Text size="2" color="gray">
            Signed in as @{session?.user.username}. The other tabs of this browser share it, and end with it.
          </Text>
        </div>
        <Button
          variant="soft"
          color="gray"
          size="3"
          loading={sending}
          onClick={() => {
            setSending(true);
            void signOut();
          }}
        >
          Sign out
        </Button>
      </Flex>
    </section>
  );
}
