-- With a lasting key goes all that follows from it: docs/keys.md, "Lost?".
ALTER TABLE master_key DROP COLUMN lasting;
