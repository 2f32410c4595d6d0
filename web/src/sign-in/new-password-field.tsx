import { LabelledField } from './labelled-field.tsx';

/** Says beforehand what the service would refuse. */
export function NewPasswordField({ label, name, error }: { label: string; name: string; error: string | undefined }) {
  return (
    <LabelledField
      label={label}
      name={name}
      type="password"
      autoComplete="new-password"
      hint="At least 8 characters."
      required
      minLength={8}
      maxLength={128}
      error={error}
    />
  );
}
