import { Flex } from '@radix-ui/themes';
import { kith } from '../connection/kith.ts';
import { ProblemCallout } from '../problems/problem-callout.tsx';
import { LabelledField } from './labelled-field.tsx';
import { NewPasswordField } from './new-password-field.tsx';
import { SubmitButton } from './submit-button.tsx';
import { textOf, useSubmit } from './use-submit.ts';

export function SignUpForm() {
  const { form, sending, failure, waitSeconds, errors } = useSubmit((values) =>
    kith.session.signUp({
      nickname: textOf(values, 'nickname'),
      username: textOf(values, 'username').trim(),
      password: textOf(values, 'password'),
    }),
  );
  return (
    <form {...form} aria-label="Create an account">
      <Flex direction="column" gap="4">
        <LabelledField
          label="Name"
          name="nickname"
          autoComplete="nickname"
          hint="As your friends see it. You can change it at any time."
          required
          maxLength={64}
          error={errors.nickname}
        />
        <LabelledField
          label="Username"
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          hint="3 to 32 letters, digits or _."
          required
          minLength={3}
          maxLength={32}
          pattern="[A-Za-z0-9_]+"
          error={errors.username}
        />
        <NewPasswordField label="Password" name="password" error={errors.password} />
        {failure ? <ProblemCallout error={failure.error} since={failure.since} /> : null}
        <SubmitButton sending={sending} waitSeconds={waitSeconds}>
          Create the account
        </SubmitButton>
      </Flex>
    </form>
  );
}
