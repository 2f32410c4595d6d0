import { MagnifyingGlassIcon } from '@radix-ui/react-icons';
import { Button } from '@radix-ui/themes';
import { Link } from 'wouter';
import { Screen } from '../layout/screen.tsx';
import { EmptyState } from '../problems/empty-state.tsx';

/** An address that belongs to no screen. */
export default function NothingHere() {
  return (
    <Screen title="Nothing here">
      <EmptyState
        icon={<MagnifyingGlassIcon />}
        title="This link does not work"
        action={
          <Button asChild>
            <Link href="/">To your friends</Link>
          </Button>
        }
      >
        There is no such page. Perhaps the link is not whole.
      </EmptyState>
    </Screen>
  );
}
