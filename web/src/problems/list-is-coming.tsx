import { Flex, Spinner } from '@radix-ui/themes';
import { NotWhileOffline } from './answer-due.tsx';

/** While nothing of the list is known: it is on its way, or there is no way. */
export function ListIsComing({ state, what }: { state: 'live' | 'catching up' | 'offline'; what: string }) {
  if (state === 'offline') return <NotWhileOffline what={what} />;
  return (
    <Flex justify="center" py="9" aria-busy="true">
      <Spinner size="3" />
    </Flex>
  );
}
