export type ServiceName = 'user' | 'friend';
