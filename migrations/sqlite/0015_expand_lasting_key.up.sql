-- What can't be sealed anew when the master key changes follows from a key that lasts: refresh tokens, digests of recovery codes.
ALTER TABLE master_key ADD COLUMN lasting TEXT; -- that key, sealed with one that follows from the master key; NULL: it is the master key itself
