-- Which kinds of imported password hashes there are is asked at sign-ins; guests, who have none, make the table long.
CREATE INDEX users_imported_hash ON users (id) WHERE password_hash NOT LIKE '$%';
