import { Flex, Heading, Text } from '@radix-ui/themes';
import type { ReactNode } from 'react';
import './empty-state.css';

/** A place with nothing in it yet: what would be here, and how it comes to be. */
export function EmptyState({
  icon,
  title,
  children,
  action,
}: {
  icon: ReactNode;
  title: string;
  children: ReactNode;
  action?: ReactNode;
}) {
  return (
    <Flex direction="column" align="center" gap="2" py="8" px="4" className="empty-state">
      <div className="empty-state-icon" aria-hidden>
        {icon}
      </div>
      <Heading as="h2" size="4">
        {title}
      </Heading>
      <Text as="p" size="2" color="gray" align="center">
        {children}
      </Text>
      {action ? <Flex pt="2">{action}</Flex> : null}
    </Flex>
  );
}
