import { Cross2Icon, OpenInNewWindowIcon } from '@radix-ui/react-icons';
import { Button, Flex, IconButton, Text } from '@radix-ui/themes';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { demonstrationQuery, isHintRead, markHintRead } from '../connection/demonstration.ts';
import { kith } from '../connection/kith.ts';
import { openSecondWindow } from '../connection/seat.ts';
import { useLive } from '../connection/use-live-list.ts';

/** In the demonstration, until it is closed: what to try first. */
export function DemonstrationHint() {
  const { data: demonstration } = useQuery(demonstrationQuery);
  const [read, setRead] = useState(isHintRead);
  const me = kith.session.getSnapshot()?.user;
  const friendNames = useLive((list) => list.friends.length);
  const isMember = demonstration?.people.some(({ username }) => username === me?.username);
  if (!demonstration || read || !isMember || !me || friendNames === 0) return null;
  const other = demonstration.people.find(({ username }) => username !== me.username);
  if (!other) return null;
  return (
    <Flex className="hint" gap="3" align="start">
      <Flex direction="column" gap="2" flexGrow="1">
        <Text size="2">
          <strong>
            You are <bdi>{me.nickname}</bdi>.
          </strong>{' '}
          Open a second window as <bdi>{other.nickname}</bdi>, change the name there under “You”, and watch this list.
        </Text>
        <Flex>
          <Button size="1" variant="soft" onClick={() => openSecondWindow(other.username)}>
            <OpenInNewWindowIcon aria-hidden /> Open a window as <bdi>{other.nickname}</bdi>
          </Button>
        </Flex>
      </Flex>
      <IconButton
        size="1"
        variant="ghost"
        color="gray"
        aria-label="Close the hint"
        onClick={() => {
          markHintRead();
          setRead(true);
        }}
      >
        <Cross2Icon />
      </IconButton>
    </Flex>
  );
}
