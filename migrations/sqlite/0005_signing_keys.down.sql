DROP TABLE signing_keys;
DROP TABLE master_key;
