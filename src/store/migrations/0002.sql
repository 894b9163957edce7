-- When somebody last logged in, with a password or by registering; tokens do not last so long.
ALTER TABLE accounts ADD COLUMN last_login INTEGER;
UPDATE accounts SET last_login = (SELECT max(created) FROM tokens WHERE account = accounts.id);

-- Messages whose text was deleted: they are not unread.
CREATE INDEX deleted_posts ON entries (conversation, seq, author)
    WHERE kind = 'posted' AND text IS NULL;
