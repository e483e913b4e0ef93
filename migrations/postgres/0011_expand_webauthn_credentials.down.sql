DROP TABLE webauthn_credentials;

ALTER TABLE users DROP COLUMN user_handle;
