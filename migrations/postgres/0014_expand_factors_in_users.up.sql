-- How many factors an account has, beside the account: every request of a signed-in caller asks. The triggers keep it, whoever writes.
ALTER TABLE users ADD COLUMN credentials BIGINT NOT NULL DEFAULT 0 CHECK (credentials >= 0);
ALTER TABLE users ADD COLUMN totp BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE users ADD COLUMN recovery_codes BIGINT NOT NULL DEFAULT 0 CHECK (recovery_codes >= 0);

-- Held first, counted then: of two that change one account at once the second sees what the first did.
CREATE FUNCTION users_count_factors() RETURNS trigger LANGUAGE plpgsql AS
$$ DECLARE whose BIGINT := CASE TG_OP WHEN 'DELETE' THEN OLD.user_id ELSE NEW.user_id END;
BEGIN
    PERFORM 1 FROM users WHERE id = whose FOR NO KEY UPDATE;
    UPDATE users SET
        credentials = (SELECT COUNT(*) FROM webauthn_credentials WHERE user_id = whose),
        totp = EXISTS (SELECT 1 FROM totp WHERE user_id = whose AND secret IS NOT NULL),
        recovery_codes = (SELECT COUNT(*) FROM recovery_codes WHERE user_id = whose)
    WHERE id = whose;
    RETURN NULL;
END $$;

CREATE TRIGGER webauthn_credentials_counted AFTER INSERT OR DELETE ON webauthn_credentials
FOR EACH ROW EXECUTE FUNCTION users_count_factors();

CREATE TRIGGER totp_counted AFTER INSERT OR UPDATE OF secret OR DELETE ON totp
FOR EACH ROW EXECUTE FUNCTION users_count_factors();

CREATE TRIGGER recovery_codes_counted AFTER INSERT OR DELETE ON recovery_codes
FOR EACH ROW EXECUTE FUNCTION users_count_factors();

UPDATE users SET
    credentials = (SELECT COUNT(*) FROM webauthn_credentials WHERE user_id = users.id),
    totp = EXISTS (SELECT 1 FROM totp WHERE user_id = users.id AND secret IS NOT NULL),
    recovery_codes = (SELECT COUNT(*) FROM recovery_codes WHERE user_id = users.id)
WHERE id IN (SELECT user_id FROM webauthn_credentials UNION SELECT user_id FROM totp UNION SELECT user_id FROM recovery_codes);
