import { runProcess } from '@kith/service-kit';
import { circlesConfigSchema } from './circles-config.ts';
import { startCircles } from './start-circles.ts';

process.exit(await runProcess({ name: 'circles', configSchema: circlesConfigSchema, start: startCircles }));
