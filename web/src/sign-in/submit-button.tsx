import { Button } from '@radix-ui/themes';
import type { ReactNode } from 'react';

/** Says itself how long the server wants no more tries. */
export function SubmitButton({
  sending,
  waitSeconds,
  children,
}: {
  sending: boolean;
  waitSeconds: number;
  children: ReactNode;
}) {
  return (
    <Button type="submit" size="3" loading={sending} disabled={waitSeconds > 0}>
      {waitSeconds > 0 ? `Wait ${waitSeconds} s` : children}
    </Button>
  );
}
