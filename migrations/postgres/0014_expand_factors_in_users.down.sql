DROP TRIGGER webauthn_credentials_counted ON webauthn_credentials;
DROP TRIGGER totp_counted ON totp;
DROP TRIGGER recovery_codes_counted ON recovery_codes;
DROP FUNCTION users_count_factors();

ALTER TABLE users DROP COLUMN recovery_codes;
ALTER TABLE users DROP COLUMN totp;
ALTER TABLE users DROP COLUMN credentials;
