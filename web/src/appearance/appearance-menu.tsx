import { DesktopIcon, MoonIcon, SunIcon } from '@radix-ui/react-icons';
import { DropdownMenu } from '@radix-ui/themes';
import type { ReactNode } from 'react';
import { type Appearance, chooseAppearance, useAppearance } from './appearance.ts';

export default function AppearanceMenu({ trigger }: { trigger: ReactNode }) {
  const { chosen } = useAppearance();
  return (
    <DropdownMenu.Root defaultOpen>
      <DropdownMenu.Trigger>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Content align="end">
        <DropdownMenu.RadioGroup value={chosen} onValueChange={(next) => chooseAppearance(next as Appearance)}>
          <DropdownMenu.RadioItem value="system">
            <DesktopIcon aria-hidden /> As the system
          </DropdownMenu.RadioItem>
          <DropdownMenu.RadioItem value="light">
            <SunIcon aria-hidden /> Light
          </DropdownMenu.RadioItem>
          <DropdownMenu.RadioItem value="dark">
            <MoonIcon aria-hidden /> Dark
          </DropdownMenu.RadioItem>
        </DropdownMenu.RadioGroup>
      </DropdownMenu.Content>
    </DropdownMenu.Root>
  );
}
