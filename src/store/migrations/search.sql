-- The words of every message, and where it stands ("c" and "a" before the ids of its conversation
-- and author) as words of their own, so that a search among a few conversations is as fast as one
-- among all. The texts themselves are not kept a second time.
CREATE VIRTUAL TABLE messages USING fts5 (
    text, scope,
    content = '', contentless_delete = 1,
    -- Without these, a search for "wor*" would first collect every message with such a word.
    prefix = '1 2 3 4 5',
    tokenize = "unicode61 remove_diacritics 2"
);

-- So many bytes of words are gathered before they are written: what some thousand messages have, so
-- that one step of following makes one piece of index and not several that must be merged later.
INSERT INTO messages (messages, rank) VALUES ('hashsize', 4194304);

-- When messages were posted: leads from a time to an entry.
CREATE TABLE times (
    at    INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    PRIMARY KEY (at, entry)
) STRICT, WITHOUT ROWID;

-- How far the index follows the log and its amendments.
CREATE TABLE state (
    entry   INTEGER NOT NULL,
    amended INTEGER NOT NULL
) STRICT;
INSERT INTO state VALUES (0, 0);
