-- How many factors an account has, beside the account: every request of a signed-in caller asks. The triggers keep it, whoever writes.
ALTER TABLE users ADD COLUMN credentials INTEGER NOT NULL DEFAULT 0 CHECK (credentials >= 0); -- passkeys and security keys, counted by triggers
ALTER TABLE users ADD COLUMN totp INTEGER NOT NULL DEFAULT 0 CHECK (totp IN (0, 1)); -- it has a confirmed authenticator app, kept by triggers
ALTER TABLE users ADD COLUMN recovery_codes INTEGER NOT NULL DEFAULT 0 CHECK (recovery_codes >= 0); -- that are left, counted by triggers

CREATE TRIGGER webauthn_credentials_added AFTER INSERT ON webauthn_credentials
BEGIN UPDATE users SET credentials = (SELECT COUNT(*) FROM webauthn_credentials WHERE user_id = NEW.user_id) WHERE id = NEW.user_id; END;

CREATE TRIGGER webauthn_credentials_removed AFTER DELETE ON webauthn_credentials
BEGIN UPDATE users SET credentials = (SELECT COUNT(*) FROM webauthn_credentials WHERE user_id = OLD.user_id) WHERE id = OLD.user_id; END;

CREATE TRIGGER totp_added AFTER INSERT ON totp
BEGIN UPDATE users SET totp = EXISTS (SELECT 1 FROM totp WHERE user_id = NEW.user_id AND secret IS NOT NULL) WHERE id = NEW.user_id; END;

CREATE TRIGGER totp_confirmed AFTER UPDATE OF secret ON totp
BEGIN UPDATE users SET totp = EXISTS (SELECT 1 FROM totp WHERE user_id = NEW.user_id AND secret IS NOT NULL) WHERE id = NEW.user_id; END;

CREATE TRIGGER totp_removed AFTER DELETE ON totp
BEGIN UPDATE users SET totp = EXISTS (SELECT 1 FROM totp WHERE user_id = OLD.user_id AND secret IS NOT NULL) WHERE id = OLD.user_id; END;

CREATE TRIGGER recovery_codes_added AFTER INSERT ON recovery_codes
BEGIN UPDATE users SET recovery_codes = (SELECT COUNT(*) FROM recovery_codes WHERE user_id = NEW.user_id) WHERE id = NEW.user_id; END;

CREATE TRIGGER recovery_codes_removed AFTER DELETE ON recovery_codes
BEGIN UPDATE users SET recovery_codes = (SELECT COUNT(*) FROM recovery_codes WHERE user_id = OLD.user_id) WHERE id = OLD.user_id; END;

UPDATE users SET
    credentials = (SELECT COUNT(*) FROM webauthn_credentials WHERE user_id = users.id),
    totp = EXISTS (SELECT 1 FROM totp WHERE user_id = users.id AND secret IS NOT NULL),
    recovery_codes = (SELECT COUNT(*) FROM recovery_codes WHERE user_id = users.id)
WHERE id IN (SELECT user_id FROM webauthn_credentials UNION SELECT user_id FROM totp UNION SELECT user_id FROM recovery_codes);
