/** How often an account was changed: a replica that says the same has its latest change. */
export const versionOfUser = (userId: string) => ({
  name: 'version-of-user',
  text: 'SELECT version FROM users WHERE id = $1',
  values: [userId],
});
