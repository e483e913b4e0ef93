DROP TRIGGER webauthn_credentials_added;
DROP TRIGGER webauthn_credentials_removed;
DROP TRIGGER totp_added;
DROP TRIGGER totp_confirmed;
DROP TRIGGER totp_removed;
DROP TRIGGER recovery_codes_added;
DROP TRIGGER recovery_codes_removed;

ALTER TABLE users DROP COLUMN recovery_codes;
ALTER TABLE users DROP COLUMN totp;
ALTER TABLE users DROP COLUMN credentials;
