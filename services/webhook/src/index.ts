export { startWebhookService, startWebhookService as start } from './start-webhook-service.ts';
export { type WebhookConfig, webhookConfigSchema, webhookConfigSchema as configSchema } from './webhook-config.ts';
