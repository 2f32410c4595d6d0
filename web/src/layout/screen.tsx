import { Heading, Text } from '@radix-ui/themes';
import { type ReactNode, useEffect, useRef } from 'react';

/** One screen: its heading, and its content. Coming to it moves the reader's place to the heading, at its top. */
export function Screen({
  title,
  lead,
  before,
  children,
}: {
  title: ReactNode;
  lead?: ReactNode;
  /** Above the heading: the way back. */
  before?: ReactNode;
  children: ReactNode;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.closest('main')?.scrollTo({ top: 0 });
    // Not on the first page of a visit, where the browser has put the focus well.
    if (document.activeElement?.closest('nav')) heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div className="screen">
      <div className="screen-head">
        {before}
        <Heading as="h1" size="6" ref={heading} tabIndex={-1} className="screen-title">
          {title}
        </Heading>
        {lead ? (
          <Text as="p" size="2" color="gray" mt="1">
            {lead}
          </Text>
        ) : null}
      </div>
      {children}
    </div>
  );
}
