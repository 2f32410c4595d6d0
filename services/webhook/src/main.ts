import { runProcess } from '@kith/service-kit';
import { startWebhookService } from './start-webhook-service.ts';
import { webhookConfigSchema } from './webhook-config.ts';

process.exit(await runProcess({ name: 'webhook', configSchema: webhookConfigSchema, start: startWebhookService }));
