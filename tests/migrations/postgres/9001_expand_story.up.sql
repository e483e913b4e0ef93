-- Expands: a table, and a column that who does not know it need not fill.
ALTER TABLE users ADD COLUMN story TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE TABLE stories (id BIGINT PRIMARY KEY);
