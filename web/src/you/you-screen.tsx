import { Flex, Spinner } from '@radix-ui/themes';
import { useQuery } from '@tanstack/react-query';
import { ask } from '../connection/ask.ts';
import { Screen } from '../layout/screen.tsx';
import { ProblemCallout } from '../problems/problem-callout.tsx';
import { DeleteAccountSection } from './delete-account-section.tsx';
import { PasswordSection } from './password-section.tsx';
import { ProfileSection } from './profile-section.tsx';
import { SessionSection } from './session-section.tsx';
import { OwnProfile } from './you-operations.ts';

export default function YouScreen() {
  const { data, error, refetch } = useQuery({ queryKey: ['you'], queryFn: () => ask(OwnProfile) });
  const me = data?.me;
  return (
    <Screen title="You" lead="How others see you, who may add you, and your sessions.">
      {error ? <ProblemCallout error={error} onRetry={() => void refetch()} /> : null}
      {!me && !error ? (
        <Flex justify="center" py="9">
          <Spinner size="3" />
        </Flex>
      ) : null}
      {me ? <ProfileSection key={me.id} me={me} /> : null}
      <SessionSection />
      <PasswordSection />
      <DeleteAccountSection />
    </Screen>
  );
}
