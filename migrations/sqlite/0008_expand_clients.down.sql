DROP INDEX users_token_raised;
DROP INDEX sessions_ended;
DROP TABLE client_assertions;
DROP TABLE clients;
