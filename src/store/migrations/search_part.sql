-- The words of every message of a part, and where it stands ("c" and "a" before the ids of its
-- conversation and author) as words of their own, so that a search among a few conversations is as
-- fast as one among all. The texts themselves are not kept a second time.
CREATE VIRTUAL TABLE {table} USING fts5 (
    text, scope,
    content = '', contentless_delete = 1,
    tokenize = "unicode61 remove_diacritics 2"
);

-- So many bytes of words are gathered before they are written: what some thousand messages have, so
-- that one step of following makes one piece of index and not several that must be merged later.
INSERT INTO {table} ({table}, rank) VALUES ('hashsize', 4194304);

-- Pieces are merged by sixteen, as late as can be; a part never grows to where more would be to gain
-- by merging sooner. One of which a tenth was deleted is merged at the next occasion.
INSERT INTO {table} ({table}, rank) VALUES ('automerge', 16);

INSERT INTO parts (id) VALUES ({part});
