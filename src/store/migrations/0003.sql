-- What every message is written to, with less to do for each.

-- The last id that an entry was given. Ids are never given twice, so that the search index, which
-- follows them, never takes one entry for another; the writer counts them itself, once a
-- transaction.
CREATE TABLE last_entry (id INTEGER NOT NULL) STRICT;
INSERT INTO last_entry SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'entries'), 0);

-- As before, without AUTOINCREMENT, and without looking up conversation and author again, which the
-- writer has at hand; `netcomm verify` does.
ALTER TABLE entries RENAME TO old_entries;
CREATE TABLE entries (
    id           INTEGER PRIMARY KEY,       -- rises over all conversations; the search index follows it
    conversation INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    author       INTEGER NOT NULL,
    message      TEXT,
    kind         TEXT NOT NULL,
    text         TEXT,                      -- of a message as it reads now; NULL once deleted
    target       INTEGER,
    reply_to     INTEGER,
    detail       TEXT,                      -- JSON: what is not asked for by a query
    ordinal      INTEGER NOT NULL,          -- how many messages were posted up to here
    own          INTEGER,                   -- of a message: how many its author had posted here
    edited_at    INTEGER,
    UNIQUE (conversation, seq)
) STRICT;
INSERT INTO entries SELECT * FROM old_entries ORDER BY id;
DROP TABLE old_entries;
CREATE INDEX posts_of_author ON entries (author, conversation, seq) WHERE kind = 'posted';
CREATE INDEX edits_of_message ON entries (conversation, target) WHERE kind = 'edited';
CREATE INDEX deleted_posts ON entries (conversation, seq, author)
    WHERE kind = 'posted' AND text IS NULL;

-- As before, by message and then author: clients that begin a message's name with the time, as ours
-- does, have all that is sent at one time stand together, whoever sends it.
ALTER TABLE sent RENAME TO old_sent;
CREATE TABLE sent (
    message      TEXT NOT NULL,
    author       INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    fingerprint  BLOB NOT NULL,
    PRIMARY KEY (message, author)
) STRICT, WITHOUT ROWID;
INSERT INTO sent (message, author, conversation, seq, at, fingerprint)
    SELECT message, author, conversation, seq, at, fingerprint FROM old_sent ORDER BY message, author;
DROP TABLE old_sent;
