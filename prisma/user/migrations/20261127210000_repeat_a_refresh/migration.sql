-- What makes a used token's successor again, for whoever presents the token: alone it tells nothing. Null for tokens that
-- are unused, or were used before there was a grace: presented again, those end their session as ever.
ALTER TABLE refresh_token ADD COLUMN successor_salt bytea;
