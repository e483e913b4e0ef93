DROP TABLE recovery_codes;
DROP TABLE recovery_sheets;
DROP TABLE totp;
