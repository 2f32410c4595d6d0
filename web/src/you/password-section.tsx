import { Flex, Heading, Text } from '@radix-ui/themes';
import { useState } from 'react';
import { kith } from '../connection/kith.ts';
import { announce } from '../problems/announce.ts';
import { ProblemCallout } from '../problems/problem-callout.tsx';
import { LabelledField } from '../sign-in/labelled-field.tsx';
import { NewPasswordField } from '../sign-in/new-password-field.tsx';
import { SubmitButton } from '../sign-in/submit-button.tsx';
import { textOf, useSubmit } from '../sign-in/use-submit.ts';

export function PasswordSection() {
  const [round, setRound] = useState(0);
  const { form, sending, failure, waitSeconds, errors } = useSubmit(async (values) => {
    await kith.session.changePassword({
      currentPassword: textOf(values, 'currentPassword'),
      newPassword: textOf(values, 'newPassword'),
    });
    // Fresh inputs: the old ones hold passwords.
    setRound((rounds) => rounds + 1);
    announce({ kind: 'saved', title: 'Password changed', text: 'You are signed out everywhere else.' });
  }, 'currentPassword');
  return (
    <section className="screen-section" aria-labelledby="password">
      <div className="row-words">
        <Heading as="h2" size="4" id="password">
          Password and other sessions
        </Heading>
        <Text size="2" color="gray">
          A new password ends your sessions on every other device, within a second.
        </Text>
      </div>
      <form {...form} aria-label="Change the password" key={round}>
        <Flex direction="column" gap="4">
          <LabelledField
            label="Current password"
            name="currentPassword"
            type="password"
            autoComplete="current-password"
            required
            error={errors.currentPassword}
          />
          <NewPasswordField label="New password" name="newPassword" error={errors.newPassword} />
          {failure ? <ProblemCallout error={failure.error} since={failure.since} /> : null}
          <Flex>
            <SubmitButton sending={sending} waitSeconds={waitSeconds}>
              Change the password
            </SubmitButton>
          </Flex>
        </Flex>
      </form>
    </section>
  );
}
