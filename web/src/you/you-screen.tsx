import { useSession } from '@kith/client/react';
import { useQuery } from '@tanstack/react-query';
import { ask } from '../connection/ask.ts';
import { kith } from '../connection/kith.ts';
import { Screen } from '../layout/screen.tsx';
import { AnswerDue } from '../problems/answer-due.tsx';
import { DeleteAccountSection } from './delete-account-section.tsx';
import { InviteSection } from './invite-section.tsx';
import { PasswordSection } from './password-section.tsx';
import { ProfileForm } from './profile-form.tsx';
import { ProfileSection } from './profile-section.tsx';
import { SessionSection } from './session-section.tsx';
import { OwnProfile } from './you-operations.ts';
import './you.css';

export default function YouScreen() {
  const user = useSession(kith)?.user;
  const asked = useQuery({ queryKey: ['you'], queryFn: () => ask(OwnProfile) });
  const me = asked.data?.me;
  const known = me ?? user;
  return (
    <Screen title="You" lead="How others see you, who may add you, and your sessions.">
      {known ? (
        <ProfileSection me={known}>
          <AnswerDue asked={asked} what="The rest of your profile" />
          {me ? <ProfileForm key={me.id} me={me} /> : null}
        </ProfileSection>
      ) : (
        <AnswerDue asked={asked} what="Your profile" />
      )}
      {known ? <InviteSection userId={known.id} /> : null}
      <SessionSection />
      <PasswordSection />
      <DeleteAccountSection />
    </Screen>
  );
}
