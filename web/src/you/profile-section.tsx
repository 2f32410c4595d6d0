import { Flex, Heading, Text } from '@radix-ui/themes';
import type { ReactNode } from 'react';
import { PersonAvatar } from '../person/person-avatar.tsx';

/** Who one is, as far as it is known: before any answer, what the session says. */
export function ProfileSection({
  me,
  children,
}: {
  me: { readonly id: string; readonly username: string; readonly nickname: string; readonly avatarUrl?: string | null };
  children: ReactNode;
}) {
  return (
    <section className="screen-section" aria-labelledby="profile">
      <Flex align="center" gap="3">
        <PersonAvatar person={me} size={48} />
        <div className="row-words">
          <Heading as="h2" size="4" id="profile">
            <bdi>{me.nickname}</bdi>
          </Heading>
          <Text size="2" color="gray">
            @{me.username}
          </Text>
        </div>
      </Flex>
      {children}
    </section>
  );
}
