import { MoonIcon, SunIcon } from '@radix-ui/react-icons';
import { IconButton } from '@radix-ui/themes';
import { useState } from 'react';
import { loadLater } from '../layout/load-later.tsx';
import { useAppearance } from './appearance.ts';

const AppearanceMenu = loadLater(
  () => import('./appearance-menu.tsx'),
  ({ trigger }) => trigger,
);

/** Light, dark, or as the system: the menu comes with the first click. */
export function AppearanceButton() {
  const { shown } = useAppearance();
  const [wanted, setWanted] = useState(false);
  const button = (
    <IconButton
      variant="ghost"
      color="gray"
      size="2"
      aria-label="Appearance"
      aria-haspopup="menu"
      title="Appearance"
      {...(!wanted && { onClick: () => setWanted(true) })}
    >
      {shown === 'dark' ? <MoonIcon /> : <SunIcon />}
    </IconButton>
  );
  return wanted ? <AppearanceMenu trigger={button} /> : button;
}
