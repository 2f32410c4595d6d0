import { Flex, Heading, Text } from '@radix-ui/themes';
import { type ReactNode, useEffect, useRef } from 'react';

/** One screen: its heading, and its content. Coming to it moves the reader's place to the heading. */
export function Screen({
  title,
  lead,
  aside,
  children,
}: {
  title: string;
  lead?: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // Not on the first page of a visit, where the browser has put the focus well.
    if (document.activeElement?.closest('nav')) heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div className="screen">
      <Flex justify="between" align="end" gap="3" wrap="wrap" className="screen-head">
        <div>
          <Heading as="h1" size="6" ref={heading} tabIndex={-1} className="screen-title">
            {title}
          </Heading>
          {lead ? (
            <Text as="p" size="2" color="gray" mt="1">
              {lead}
            </Text>
          ) : null}
        </div>
        {aside}
      </Flex>
      {children}
    </div>
  );
}
