-- Contracts: what no program uses that knows 9001.
ALTER TABLE users DROP COLUMN story;
DROP TABLE stories;
